import { type AppError, toAppError } from '@gantry/errors';
import type { RateLimiter } from '@gantry/rate-limit';
import { type Clock, type Logger, type Span, type Tracing } from '@gantry/telemetry';

import type { AuditSpool } from '../clients/audit-spool.ts';
import type { CredentialCache, Identity } from '../clients/credential-cache.ts';
import type { RecordedRequest } from '../clients/recorded-request.ts';
import { auditUnavailable, methodNotFound, overloaded } from '../errors.ts';
import { classify } from '../json-rpc/classify.ts';
import type { Dialect } from '../json-rpc/dialect.ts';
import type { ErrorReply, Reply } from '../json-rpc/encode-reply.ts';
import type { Body, Call, Message } from '../json-rpc/message.ts';
import type { MethodTable, MethodTables } from '../methods/method-table.ts';
import type { GatewayMetrics } from '../metrics.ts';
import { admitBatch } from './admit-batch.ts';
import type { Arrival } from './arrival.ts';
import { apiKeyOf, authenticate } from './authenticate.ts';
import { authorise } from './authorise.ts';
import { dispatch } from './dispatch.ts';
import { limitRate } from './limit-rate.ts';
import { toRecordedRequest } from './record.ts';

/** The most requests a process works on at once: half a gigabyte if every one of them were large. */
export const REQUESTS_IN_FLIGHT_MAX = 2_000;

// For whoever keeps a connection: see WebSocketConnection.
export { isInitialize } from '../json-rpc/message.ts';

const MS_PER_SECOND = 1_000;
const NO_TRACE_ID = '';

/** What the pipeline needs. */
export interface PipelineOptions {
  readonly credentials: CredentialCache;
  readonly limiter: RateLimiter;
  readonly methods: MethodTables;
  readonly audit: Pick<AuditSpool, 'record' | 'refuse' | 'hasRoomFor' | 'isRefusing'>;
  readonly metrics: Pick<GatewayMetrics, 'requestEnded'>;
  readonly logger: Logger;
  readonly tracing: Tracing;
  readonly clock: Clock;
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
  /** Never rejects: what goes wrong is in the answer. */
  answer(body: Body, arrival: Arrival): Promise<Answer>;
  /** Answers what could not be read as messages, and records that it came. */
  refuse(thrown: unknown, arrival: Arrival): Answer;
  /** Establishes who a connection belongs to. @throws {AppError} UNAUTHENTICATED, UNAVAILABLE. */
  identify(arrival: Arrival): Promise<Identity>;
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
  #inFlight = 0;

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  identify(arrival: Arrival): Promise<Identity> {
    return authenticate(this.#options.credentials, arrival);
  }

  async answer(body: Body, arrived: Arrival): Promise<Answer> {
    const { messages } = body;
    const { dialect, refusal } = classify(body, arrived);
    const arrival = dialect === arrived.dialect ? arrived : { ...arrived, dialect };
    if (refusal !== undefined) return this.#refuseAll(body, refusal, arrival);
    this.#inFlight += messages.length;
    try {
      if (this.#options.audit.isRefusing) throw auditUnavailable({ mayHaveRun: false });
      if (!this.#hasRoom()) throw overloaded();
      const identity = await authenticate(this.#options.credentials, arrival);
      return await this.#answerAll(body, { arrival, dialect, identity });
    } catch (thrown) {
      return this.#refuseAll(body, toAppError(thrown), arrival);
    } finally {
      this.#inFlight -= messages.length;
    }
  }

  refuse(thrown: unknown, arrival: Arrival): Answer {
    return this.#refuseAll({ isBatch: false, messages: [] }, toAppError(thrown), arrival);
  }

  /** Nothing is executed whose record could be lost: every request in flight will need a place. */
  #hasRoom(): boolean {
    const { inFlightMax = REQUESTS_IN_FLIGHT_MAX, audit } = this.#options;
    return this.#inFlight <= inFlightMax && audit.hasRoomFor(this.#inFlight);
  }

  async #answerAll({ messages, isBatch }: Body, conversation: Conversation): Promise<Answer> {
    const { dialect, identity, arrival } = conversation;
    const startedAtMs = performance.now();
    const take = () => limitRate(this.#options.limiter, identity.principal);
    const refusals = await admitBatch(messages, take);
    this.#endRefused(messages, refusals, { arrival, identity, startedAtMs });
    const answered = await Promise.all(
      messages.map(async (message, index) => {
        const error = refusals[index];
        return error === undefined
          ? this.#answerMessage(message, conversation)
          : toErrorReply(message, error, identity);
      }),
    );
    const replies = answered.filter((reply) => reply !== undefined);
    const [first] = replies;
    if (first === undefined) return { kind: 'none' };
    return isBatch ? { kind: 'many', replies, dialect } : { kind: 'one', reply: first, dialect };
  }

  async #answerMessage(message: Message, conversation: Conversation): Promise<Reply | undefined> {
    if (message.kind !== 'call') return undefined;
    const { arrival, identity } = conversation;
    const { tracing } = this.#options;
    const startedAtMs = performance.now();
    const name = this.#methodsOf(arrival).has(message.method) ? message.method : 'unknown';
    const span = tracing.startSpan(`mcp ${name}`, { kind: 'server', parent: arrival.parent });
    const handled = { arrival, identity, span, startedAtMs };
    const { resultText = '', failure } = await this.#attempt(message, conversation, span);
    const error = await this.#record(message, failure, handled);
    this.#end(message, error, handled);
    if (error !== undefined) return toErrorReply(message, error, identity);
    return message.idText === undefined ? undefined : { idText: message.idText, resultText };
  }

  async #attempt(call: Call, conversation: Conversation, span: Span): Promise<Attempt> {
    try {
      return { resultText: await this.#perform(call, conversation, span) };
    } catch (thrown) {
      return { failure: toAppError(thrown) };
    }
  }

  /** Records a request that was executed, waits until that is durable if it has to be, and returns what to answer with. */
  async #record(call: Call, error: AppError | undefined, handled: Handled): Promise<AppError | undefined> {
    const durability = this.#options.audit.record(this.#toEvent(call, error, handled));
    return durability === undefined ? error : ((await durability) ?? error);
  }

  async #perform(call: Call, conversation: Conversation, span: Span): Promise<string> {
    const { credentials } = this.#options;
    const { arrival, identity } = conversation;
    const method = this.#methodsOf(arrival).get(call.method);
    if (method === undefined) throw methodNotFound(call.method);
    authorise(method.permission, identity.principal);
    try {
      return await dispatch(method, { ...conversation, call, trace: span.context });
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.reason === 'ASSERTION_REFUSED') credentials.forget(apiKeyOf(arrival.authorization));
      throw error;
    }
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
    this.#options.audit.refuse(this.#toEvent(single, error, handled), Math.max(1, messages.length));
  }

  #count(messages: readonly Message[], error: AppError | undefined, handled: Handled): void {
    const { metrics, logger } = this.#options;
    const { arrival, startedAtMs } = handled;
    const durationMs = performance.now() - startedAtMs;
    const status = error?.code ?? 'OK';
    const methods = messages.length === 0 ? [''] : messages.map(methodOf);
    for (const method of methods) metrics.requestEnded(method, status, durationMs / MS_PER_SECOND);
    const { requestId } = arrival;
    const traceId = traceIdOf(handled);
    const { code, reason } = error ?? {};
    const requests = methods.length;
    logger.debug({ requestId, traceId, method: methods[0], requests, code, reason, durationMs }, 'request ended');
  }

  #toEvent(message: Message | undefined, error: AppError | undefined, handled: Handled): RecordedRequest {
    const { clock } = this.#options;
    const { arrival, identity, startedAtMs } = handled;
    const durationMs = performance.now() - startedAtMs;
    const outcome = { message, arrival, principal: identity?.principal, error };
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
    const ofFirst = isBatch || first === undefined ? undefined : toErrorReply(first, error, undefined);
    return { kind: 'one', reply: ofFirst ?? { idText: 'null', error, permissions: [] }, dialect: arrival.dialect };
  }
}

/** Returns the reply to a message that failed; a notification has none. */
function toErrorReply(message: Message, error: AppError, identity: Identity | undefined): ErrorReply | undefined {
  const idText = message.kind === 'response' ? undefined : message.idText;
  if (idText === undefined) return undefined;
  return { idText, error, permissions: identity?.principal.permissions ?? [] };
}

function methodOf(message: Message): string {
  return message.kind === 'call' ? message.method : '';
}

/** What came of a call: one of the two. */
interface Attempt {
  readonly resultText?: string;
  readonly failure?: AppError;
}

/** What is known of a message when it ends. */
interface Handled {
  readonly arrival: Arrival;
  readonly identity?: Identity;
  readonly span?: Span;
  readonly startedAtMs: number;
}

function traceIdOf({ span, arrival }: Handled): string {
  return span?.context.traceId ?? arrival.parent?.traceId ?? NO_TRACE_ID;
}
