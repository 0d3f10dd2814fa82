import { type AppError, toAppError } from '@gantry/errors';
import type { RateLimiter } from '@gantry/rate-limit';
import { type Clock, type Logger, type Span, type Tracing } from '@gantry/telemetry';

import type { AuditSpool } from '../clients/audit-spool.ts';
import type { CredentialCache, Identity } from '../clients/credential-cache.ts';
import type { RecordedRequest } from '../clients/recorded-request.ts';
import { auditUnavailable, methodNotFound, overloaded } from '../errors.ts';
import { classify } from '../json-rpc/classify.ts';
import type { Dialect } from '../json-rpc/dialect.ts';
import type { Reply } from '../json-rpc/encode-reply.ts';
import type { Body, Call, Message } from '../json-rpc/message.ts';
import type { MethodTable, MethodTables } from '../methods/method-table.ts';
import type { GatewayMetrics } from '../metrics.ts';
import { type AccessLog, createAccessLog } from './access-log.ts';
import { admitBatch, type Refusals } from './admit-batch.ts';
import { answerBatch } from './answer-batch.ts';
import type { AnswerBudget } from './answer-budget.ts';
import type { Arrival } from './arrival.ts';
import { type Attempt, toErrorReply, toReply } from './attempt.ts';
import { authenticate } from './authenticate.ts';
import { authorise } from './authorise.ts';
import { dispatch } from './dispatch.ts';
import { limitRate } from './limit-rate.ts';
import { toRecordedRequest } from './record.ts';
import { type Eventual, proceed, settle } from './settle.ts';

/** The most requests a process works on at once: half a gigabyte if every one of them were large. */
export const REQUESTS_IN_FLIGHT_MAX = 2_000;

const MS_PER_SECOND = 1_000;
const NO_TRACE_ID = '';
const NO_ANSWER: Answer = { kind: 'none' };

/** What the pipeline needs. */
export interface PipelineOptions {
  readonly credentials: CredentialCache;
  readonly limiter: RateLimiter;
  readonly methods: MethodTables;
  readonly audit: Pick<AuditSpool, 'record' | 'refuse' | 'hasRoomFor' | 'isRefusing'>;
  /** What batches hold of their answers. */
  readonly answers: Pick<AnswerBudget, 'open'>;
  readonly metrics: Pick<GatewayMetrics, 'requestEnded'>;
  readonly logger: Logger;
  readonly tracing: Tracing;
  readonly clock: Clock;
  /** The share of requests that is logged, from 0 to 1. */
  readonly accessLogRatio: number;
  /** Default {@link REQUESTS_IN_FLIGHT_MAX}. */
  readonly inFlightMax?: number;
}

/** What is answered to a body. */
export type Answer =
  /** Nothing: there were only notifications. */
  | { readonly kind: 'none' }
  /** One reply: to a single request, or to everything because nothing could be done. */
  | { readonly kind: 'one'; readonly reply: Reply; readonly dialect: Dialect }
  /** One reply to each request of a batch, in order. */
  | { readonly kind: 'many'; readonly replies: readonly Reply[]; readonly dialect: Dialect };

/** Takes messages from every edge and answers them: authenticate, limit, authorise, dispatch, record. */
export interface Pipeline {
  /** Never throws and never rejects: what goes wrong is in the answer. */
  answer(body: Body, arrival: Arrival): Eventual<Answer>;
  /** Answers what could not be read as messages, and records that it came. */
  refuse(thrown: unknown, arrival: Arrival): Answer;
  /** Establishes who a connection belongs to. @throws {AppError} UNAUTHENTICATED, UNAVAILABLE. */
  identify(arrival: Arrival): Eventual<Identity>;
  readonly inFlight: number;
}

/** Creates the pipeline. */
export function createPipeline(options: PipelineOptions): Pipeline {
  return new StepwisePipeline(options);
}

/** What the messages of one body share. */
interface Conversation {
  readonly arrival: Arrival;
  readonly dialect: Dialect;
  readonly identity: Identity;
}

class StepwisePipeline implements Pipeline {
  readonly #options: PipelineOptions;
  readonly #accessLog: AccessLog;
  #inFlight = 0;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#accessLog = createAccessLog(options.logger, options.accessLogRatio);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  identify(arrival: Arrival): Eventual<Identity> {
    return authenticate(this.#options.credentials, arrival);
  }

  answer(body: Body, arrived: Arrival): Eventual<Answer> {
    const { dialect, refusal } = classify(body, arrived);
    const arrival = dialect === arrived.dialect ? arrived : { ...arrived, dialect };
    if (refusal !== undefined) return this.#refuseAll(body, refusal, arrival);
    const requests = body.messages.length;
    this.#inFlight += requests;
    return settle(() => this.#admit(body, arrival), {
      onValue: (answer) => {
        this.#inFlight -= requests;
        return answer;
      },
      onThrown: (thrown) => {
        this.#inFlight -= requests;
        return this.#refuseAll(body, toAppError(thrown), arrival);
      },
    });
  }

  refuse(thrown: unknown, arrival: Arrival): Answer {
    return this.#refuseAll({ isBatch: false, messages: [] }, toAppError(thrown), arrival);
  }

  /** Nothing is executed whose record could be lost: every request in flight will need a place. */
  #hasRoom(): boolean {
    const { inFlightMax = REQUESTS_IN_FLIGHT_MAX, audit } = this.#options;
    return this.#inFlight <= inFlightMax && audit.hasRoomFor(this.#inFlight);
  }

  #admit(body: Body, arrival: Arrival): Eventual<Answer> {
    if (this.#options.audit.isRefusing) throw auditUnavailable({ mayHaveRun: false });
    if (!this.#hasRoom()) throw overloaded();
    return proceed(authenticate(this.#options.credentials, arrival), (identity) => {
      const conversation = { arrival, dialect: arrival.dialect, identity };
      const startedAtMs = performance.now();
      const take = (requests: number) => limitRate(this.#options.limiter, identity.principal, requests);
      return proceed(admitBatch(body.messages, take), (refusals) => {
        this.#endRefused(body.messages, refusals, { arrival, identity, startedAtMs });
        return this.#answerAll(body, refusals, conversation);
      });
    });
  }

  #answerAll({ messages, isBatch }: Body, refusals: Refusals, conversation: Conversation): Eventual<Answer> {
    const [message] = messages;
    if (isBatch || message === undefined) return this.#answerBatch(messages, refusals, conversation);
    const { dialect, identity } = conversation;
    const [error] = refusals;
    const answer =
      error === undefined
        ? this.#answerMessage(message, conversation)
        : toErrorReply(message, error, identity.principal.permissions);
    return proceed(answer, (reply) => (reply === undefined ? NO_ANSWER : { kind: 'one', reply, dialect }));
  }

  async #answerBatch(messages: readonly Message[], refusals: Refusals, conversation: Conversation): Promise<Answer> {
    const { arrival, dialect, identity } = conversation;
    const { credentialId, permissions } = identity.principal;
    const startedAtMs = performance.now();
    using share = this.#options.answers.open(credentialId, arrival.answerBytesMax);
    const { replies, lateRefusals } = await answerBatch({
      messages,
      refusals,
      dialect,
      permissions,
      share,
      refuseNow: () => (this.#options.audit.isRefusing ? auditUnavailable({ mayHaveRun: false }) : undefined),
      answer: (call, keep) => this.#answerMessage(call, conversation, keep),
    });
    this.#endRefused(messages, lateRefusals, { arrival, identity, startedAtMs });
    return replies.length === 0 ? NO_ANSWER : { kind: 'many', replies, dialect };
  }

  /** `keep` returns what is to be kept of an attempt. */
  #answerMessage(message: Message, conversation: Conversation, keep = keepAll): Eventual<Reply | undefined> {
    if (message.kind !== 'call') return undefined;
    const { arrival, identity } = conversation;
    const startedAtMs = performance.now();
    const name = this.#methodsOf(arrival).has(message.method) ? message.method : 'unknown';
    const span = this.#options.tracing.startSpan(`mcp ${name}`, { kind: 'server', parent: arrival.parent });
    const handled = { arrival, identity, span, startedAtMs };
    return settle(() => this.#perform(message, conversation, span), {
      onValue: (resultText) => this.#record(message, keep({ resultText }), handled),
      onThrown: (thrown) => this.#record(message, keep({ failure: toAppError(thrown) }), handled),
    });
  }

  /** Records a request that was executed, waits until that is durable if it has to be, and returns the reply. */
  #record(call: Call, attempt: Attempt, handled: Executed): Eventual<Reply | undefined> {
    const durability = this.#options.audit.record(this.#toEvent(call, attempt, handled));
    if (durability === undefined) return this.#finish(call, attempt, handled);
    return durability.then((unrecorded) =>
      this.#finish(call, unrecorded === undefined ? attempt : { failure: unrecorded }, handled),
    );
  }

  /** Ends a request that was executed, and returns the reply; a notification has none. */
  #finish(call: Call, attempt: Attempt, handled: Executed): Reply | undefined {
    this.#end(call, attempt.withheld ?? attempt.failure, handled);
    return toReply(call, attempt, handled.identity.principal.permissions);
  }

  #perform(call: Call, conversation: Conversation, span: Span): Eventual<string> {
    const { arrival, identity } = conversation;
    const method = this.#methodsOf(arrival).get(call.method);
    if (method === undefined) throw methodNotFound(call.method);
    authorise(method.permission, identity.principal);
    return settle(() => dispatch(method, { ...conversation, call, trace: span.context }), {
      onValue: (text) => text,
      onThrown: (thrown) => {
        const error = toAppError(thrown);
        if (error.reason === 'ASSERTION_REFUSED') this.#options.credentials.forget(arrival.credential.apiKey);
        throw error;
      },
    });
  }

  #logUnexpected(error: AppError, handled: Handled): void {
    // Services log their own failures; what has no domain or is ours was not logged yet.
    if (error.code !== 'INTERNAL' || (error.domain !== undefined && error.domain !== 'gateway')) return;
    const { requestId } = handled.arrival;
    this.#options.logger.error({ err: error, requestId, traceId: traceIdOf(handled) }, 'a request failed unexpectedly');
  }

  /** Ends a request that was executed. */
  #end(message: Message, error: AppError | undefined, handled: Handled): void {
    const { span } = handled;
    if (error !== undefined) {
      this.#logUnexpected(error, handled);
      span?.fail(error);
    }
    span?.end();
    this.#count([message], error, handled);
  }

  /** Ends the refused requests of a body: those that are refused for one reason with one event. */
  #endRefused(messages: readonly Message[], refusals: readonly (AppError | undefined)[], handled: Handled): void {
    if (refusals.length === 0) return;
    for (const reason of new Set(refusals.map((error) => error?.reason))) {
      const alike = messages.filter((_, index) => refusals[index]?.reason === reason);
      const error = refusals.find((refusal) => refusal?.reason === reason);
      if (error !== undefined) this.#refuseAlike(alike, error, handled);
    }
  }

  /** Ends requests that are refused for one reason; none stands for a body that could not be read. */
  #refuseAlike(messages: readonly Message[], error: AppError, handled: Handled): void {
    this.#count(messages, error, handled);
    const single = messages.length === 1 ? messages[0] : undefined;
    this.#options.audit.refuse(this.#toEvent(single, { failure: error }, handled), Math.max(1, messages.length));
  }

  #count(messages: readonly Message[], error: AppError | undefined, handled: Handled): void {
    const { metrics } = this.#options;
    const { arrival, startedAtMs } = handled;
    const durationMs = performance.now() - startedAtMs;
    const status = error?.code ?? 'OK';
    const [first] = messages;
    const method = first === undefined ? '' : methodOf(first);
    const seconds = durationMs / MS_PER_SECOND;
    if (messages.length <= 1) metrics.requestEnded(method, status, seconds);
    else for (const message of messages) metrics.requestEnded(methodOf(message), status, seconds);
    this.#accessLog({
      requestId: arrival.requestId,
      traceId: traceIdOf(handled),
      method,
      requests: Math.max(1, messages.length),
      code: status,
      reason: error?.reason,
      durationMs,
    });
  }

  #toEvent(message: Message | undefined, { failure, withheld }: Attempt, handled: Handled): RecordedRequest {
    const { clock } = this.#options;
    const { arrival, identity, startedAtMs } = handled;
    const durationMs = performance.now() - startedAtMs;
    const outcome = { message, arrival, principal: identity?.principal, error: failure, withheld };
    return toRecordedRequest(
      { ...outcome, traceId: traceIdOf(handled), durationMs, endedAtMs: clock.now() },
      this.#methodsOf(arrival),
    );
  }

  #methodsOf({ dialect }: Arrival): MethodTable {
    return this.#options.methods[dialect];
  }

  /** Refuses everything that came, with one reply and one event. */
  #refuseAll({ isBatch, messages }: Body, error: AppError, arrival: Arrival): Answer {
    const handled = { arrival, startedAtMs: performance.now() };
    this.#logUnexpected(error, handled);
    this.#refuseAlike(messages, error, handled);
    const [first] = messages;
    const ofFirst = isBatch || first === undefined ? undefined : toErrorReply(first, error);
    return { kind: 'one', reply: ofFirst ?? { idText: 'null', error, permissions: [] }, dialect: arrival.dialect };
  }
}

function keepAll(attempt: Attempt): Attempt {
  return attempt;
}

function methodOf(message: Message): string {
  return message.kind === 'call' ? message.method : '';
}

/** What is known of a message when it ends. */
interface Handled {
  readonly arrival: Arrival;
  readonly identity?: Identity;
  readonly span?: Span;
  readonly startedAtMs: number;
}

/** The same of a call that was executed. */
interface Executed extends Handled {
  readonly identity: Identity;
}

function traceIdOf({ span, arrival }: Handled): string {
  return span?.context.traceId ?? arrival.parent?.traceId ?? NO_TRACE_ID;
}
