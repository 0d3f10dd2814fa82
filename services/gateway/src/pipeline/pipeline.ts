import { type AppError, toAppError } from '@gantry/errors';
import type { RateLimiter } from '@gantry/rate-limit';
import { type Clock, type Logger, type Span, type Tracing } from '@gantry/telemetry';

import type { AuditSpool } from '../clients/audit-spool.ts';
import type { CredentialCache, Identity } from '../clients/credential-cache.ts';
import { methodNotFound, overloaded } from '../errors.ts';
import type { Dialect } from '../json-rpc/dialect.ts';
import type { ErrorReply, Reply } from '../json-rpc/encode-reply.ts';
import type { Body, Call, Message } from '../json-rpc/message.ts';
import type { MethodTable } from '../methods/method-table.ts';
import type { GatewayMetrics } from '../metrics.ts';
import type { Arrival } from './arrival.ts';
import { apiKeyOf, authenticate } from './authenticate.ts';
import { authorise } from './authorise.ts';
import { dispatch } from './dispatch.ts';
import { limitRate } from './limit-rate.ts';
import { toAuditEvent } from './record.ts';

/** The most requests a process works on at once: half a gigabyte if every one of them were large. */
export const REQUESTS_IN_FLIGHT_MAX = 2_000;

const MS_PER_SECOND = 1_000;
const NO_TRACE_ID = '';

/** What the pipeline needs. */
export interface PipelineOptions {
  readonly credentials: CredentialCache;
  readonly limiter: RateLimiter;
  readonly methods: MethodTable;
  readonly audit: Pick<AuditSpool, 'record'>;
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

  async answer(body: Body, arrival: Arrival): Promise<Answer> {
    const { messages, isBatch } = body;
    const [first] = messages;
    if (!isBatch && first?.kind === 'invalid') return this.#refuseAll(body, first.error, arrival);
    this.#inFlight += messages.length;
    try {
      if (this.#inFlight > (this.#options.inFlightMax ?? REQUESTS_IN_FLIGHT_MAX)) throw overloaded();
      const dialect = dialectOf(body, arrival);
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

  async #answerAll({ messages, isBatch }: Body, conversation: Conversation): Promise<Answer> {
    const { dialect } = conversation;
    const [first] = messages;
    if (!isBatch && first !== undefined) {
      const reply = await this.#answerMessage(first, conversation);
      return reply === undefined ? { kind: 'none' } : { kind: 'one', reply, dialect };
    }
    const answered = await Promise.all(messages.map((message) => this.#answerMessage(message, conversation)));
    const replies = answered.filter((reply) => reply !== undefined);
    return replies.length === 0 ? { kind: 'none' } : { kind: 'many', replies, dialect };
  }

  async #answerMessage(message: Message, conversation: Conversation): Promise<Reply | undefined> {
    if (message.kind === 'response') return undefined;
    if (message.kind === 'invalid') {
      return this.#fail(message, message.error, { ...conversation, startedAtMs: performance.now() });
    }
    const { arrival, identity } = conversation;
    const { tracing, methods } = this.#options;
    const startedAtMs = performance.now();
    const name = methods.has(message.method) ? message.method : 'unknown';
    const span = tracing.startSpan(`mcp ${name}`, { kind: 'server', parent: arrival.parent });
    try {
      const resultText = await this.#perform(message, conversation, span);
      this.#end(message, undefined, { arrival, identity, span, startedAtMs });
      return message.idText === undefined ? undefined : { idText: message.idText, resultText };
    } catch (thrown) {
      return this.#fail(message, thrown, { arrival, identity, span, startedAtMs });
    }
  }

  async #perform(call: Call, conversation: Conversation, span: Span): Promise<string> {
    const { limiter, methods, credentials } = this.#options;
    const { arrival, identity } = conversation;
    await limitRate(limiter, identity.principal);
    const method = methods.get(call.method);
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

  /** Ends a message that failed and returns the reply; a notification has none. */
  #fail(message: Message, thrown: unknown, handled: Handled): ErrorReply | undefined {
    const error = toAppError(thrown);
    // Services log their own failures; what has no domain or is ours was not logged yet.
    if (error.code === 'INTERNAL' && (error.domain === undefined || error.domain === 'gateway')) {
      const { requestId } = handled.arrival;
      this.#options.logger.error(
        { err: error, requestId, traceId: traceIdOf(handled) },
        'a request failed unexpectedly',
      );
    }
    this.#end(message, error, handled);
    const idText = message.kind === 'response' ? undefined : message.idText;
    if (idText === undefined) return undefined;
    return { idText, error, permissions: handled.identity?.principal.permissions ?? [] };
  }

  #end(message: Message | undefined, error: AppError | undefined, handled: Handled): void {
    const { audit, metrics, methods, clock, logger } = this.#options;
    const { arrival, identity, span, startedAtMs } = handled;
    const durationMs = performance.now() - startedAtMs;
    if (error !== undefined) span?.fail(error);
    span?.end();
    const method = message?.kind === 'call' ? message.method : '';
    metrics.requestEnded(method, error?.code ?? 'OK', durationMs / MS_PER_SECOND);
    const principal = identity?.principal;
    const traceId = traceIdOf(handled);
    audit.record(
      toAuditEvent({ message, arrival, principal, error, traceId, durationMs, endedAtMs: clock.now() }, methods),
    );
    logger.debug(
      { requestId: arrival.requestId, traceId, method, code: error?.code, reason: error?.reason, durationMs },
      'request ended',
    );
  }

  /** Refuses everything that came, with one reply. */
  #refuseAll({ isBatch, messages }: Body, error: AppError, arrival: Arrival): Answer {
    const handled = { arrival, startedAtMs: performance.now() };
    const replies = messages.map((message) => this.#fail(message, error, handled));
    if (messages.length === 0) this.#end(undefined, error, handled);
    const reply = (isBatch ? undefined : replies[0]) ?? { idText: 'null', error, permissions: [] };
    return { kind: 'one', reply, dialect: arrival.dialect };
  }
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

/** `initialize` begins a conversation of the legacy dialect, whatever the headers say. */
function dialectOf({ messages }: Body, arrival: Arrival): Dialect {
  return messages.some(isInitialize) ? 'legacy' : arrival.dialect;
}

/** Tells whether a message begins a conversation of the legacy dialect. */
export function isInitialize(message: Message): boolean {
  return message.kind === 'call' && message.method === 'initialize';
}
