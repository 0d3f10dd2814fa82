import { createMemoryRateLimiter } from '@gantry/rate-limit';
import { createMetricsRegistry, createTracing, systemClock } from '@gantry/telemetry';
import { silentLogger, testPrincipal } from '@gantry/testkit';
import { expect, test } from 'vitest';

import type { CredentialCache } from '../clients/credential-cache.ts';
import { toHttpResponse } from '../edge/http-response.ts';
import { parseBody } from '../json-rpc/parse-body.ts';
import { createGatewayMetrics } from '../metrics.ts';
import type { Arrival } from './arrival.ts';
import { createPipeline, REQUESTS_IN_FLIGHT_MAX } from './pipeline.ts';

const arrival: Arrival = {
  transport: 'http',
  clientAddress: '',
  authorization: `Bearer gk_${'0'.repeat(16)}_${'a'.repeat(43)}`,
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

async function startPipeline(handle: () => Promise<string>) {
  const reasons: string[] = [];
  const pipeline = createPipeline({
    credentials,
    limiter: createMemoryRateLimiter(),
    methods: new Map([['slow', { handle }]]),
    audit: { record: ({ reason }) => void reasons.push(reason) },
    metrics: createGatewayMetrics(createMetricsRegistry({ service: 'gateway' }), new Set()),
    logger: silentLogger(),
    tracing: await createTracing({ service: 'gateway' }),
    clock: systemClock,
  });
  return { pipeline, reasons };
}

test('beyond two thousand requests in flight the edge sheds, and says when to come back', async () => {
  const gate = Promise.withResolvers<string>();
  const { pipeline, reasons } = await startPipeline(() => gate.promise);
  const body = parseBody('{"jsonrpc":"2.0","id":1,"method":"slow"}');
  const held = Array.from({ length: REQUESTS_IN_FLIGHT_MAX }, () => pipeline.answer(body, arrival));
  expect(pipeline.inFlight).toBe(REQUESTS_IN_FLIGHT_MAX);
  const response = toHttpResponse(await pipeline.answer(body, arrival));
  expect(response).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  expect(JSON.parse(response.text ?? '')).toMatchObject({
    error: { code: -32603, data: { reason: 'GATEWAY_OVERLOADED' } },
  });
  expect(reasons).toEqual(['GATEWAY_OVERLOADED']);
  gate.resolve('{}');
  await Promise.all(held);
  expect(pipeline.inFlight).toBe(0);
  expect(await pipeline.answer(body, arrival)).toMatchObject({ kind: 'one', reply: { resultText: '{}' } });
});

test('a bug in a method is an internal error and not a crash', async () => {
  const { pipeline } = await startPipeline(() => Promise.reject(new TypeError('the password is hunter2')));
  const answer = await pipeline.answer(parseBody('{"jsonrpc":"2.0","id":1,"method":"slow"}'), arrival);
  const { text } = toHttpResponse(answer);
  expect(text).toContain('internal error');
  expect(text).not.toContain('hunter2');
});
