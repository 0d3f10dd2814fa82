import { createMemoryRateLimiter, type RateLimiter } from '@gantry/rate-limit';
import { createLogger, createMetricsRegistry, createTracing, systemClock } from '@gantry/telemetry';
import { silentLogger, testPrincipal } from '@gantry/testkit';

import type { CredentialCache } from '../src/clients/credential-cache.ts';
import { PresentedCredential } from '../src/clients/presented-credential.ts';
import type { RecordedRequest } from '../src/clients/recorded-request.ts';
import { parseBody } from '../src/json-rpc/parse-body.ts';
import type { Method } from '../src/methods/method.ts';
import { createGatewayMetrics } from '../src/metrics.ts';
import { type AnswerLimits, createAnswerBudget } from '../src/pipeline/answer-budget.ts';
import type { Arrival } from '../src/pipeline/arrival.ts';
import { createPipeline } from '../src/pipeline/pipeline.ts';

/** A request that came over HTTP and may take for ever. */
export const arrival: Arrival = {
  transport: 'http',
  clientAddress: '',
  credential: new PresentedCredential(`Bearer gk_${'0'.repeat(16)}_${'a'.repeat(43)}`),
  dialect: 'native',
  requestId: 'r',
  parent: undefined,
  deadlineMs: Infinity,
  signal: undefined,
  connection: undefined,
};

const credentials: CredentialCache = {
  identify: async () => ({ principal: testPrincipal(), assertion: 'a' }),
  forget: () => undefined,
  evictCredential: () => undefined,
  evictTenant: () => undefined,
  setLive: () => undefined,
  size: 0,
  isLive: true,
};

/** Options of startPipeline. */
export interface PipelineWorldOptions {
  readonly limiter?: RateLimiter;
  readonly requestsPerMinute?: number;
  /** How many events the spool can hold. */
  readonly room?: number;
  readonly answers?: AnswerLimits;
  /** Hears of every request that has ended. */
  readonly log?: (line: string) => void;
}

/** A pipeline with one method, `slow`, that keeps what it records. */
export async function startPipeline(handle: Method['handle'], options: PipelineWorldOptions = {}) {
  const { limiter = createMemoryRateLimiter(), requestsPerMinute = 0, room = Infinity, log } = options;
  const recorded: RecordedRequest[] = [];
  const answers = createAnswerBudget(options.answers);
  let isRefusing = false;
  const refused: (readonly [string, number])[] = [];
  const methods = new Map([['slow', { handle }]]);
  const pipeline = createPipeline({
    credentials: {
      ...credentials,
      identify: async () => ({ principal: testPrincipal({ requestsPerMinute }), assertion: 'a' }),
    },
    limiter,
    methods: { native: methods, legacy: methods, modern: methods },
    audit: {
      record: (event) => void recorded.push(event),
      refuse: ({ reason }, requests) => void refused.push([reason, requests]),
      hasRoomFor: (requests) => requests <= room,
      get isRefusing() {
        return isRefusing;
      },
    },
    answers,
    metrics: createGatewayMetrics(createMetricsRegistry({ service: 'gateway' }), new Set()),
    logger:
      log === undefined
        ? silentLogger()
        : createLogger({ service: 'gateway', level: 'info', destination: { write: log } }),
    tracing: await createTracing({ service: 'gateway' }),
    clock: systemClock,
    accessLogRatio: log === undefined ? 0 : 1,
  });
  return {
    pipeline,
    /** What was executed. */
    recorded,
    /** The reasons that requests were refused for, and how many were. */
    refused,
    answers,
    /** The audit log cannot be written any more. */
    refuse: () => {
      isRefusing = true;
    },
  };
}

/** A batch of requests that are all alike. */
export const batchOf = (count: number) =>
  parseBody(JSON.stringify(Array(count).fill({ jsonrpc: '2.0', id: 1, method: 'slow' })));
