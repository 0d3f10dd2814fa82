import { type AppError, toAppError } from '@gantry/errors';
import { backoffMs } from '@gantry/resilience';
import { type Logger, systemClock } from '@gantry/telemetry';

import type { GatewayMetrics } from '../metrics.ts';
import type { AuditClient } from './backends.ts';

/** Calls at a time: more of them hide what a commit waits for the disk; docs/adr/0012 has what 1 to 4 came to. */
export const APPENDS_IN_FLIGHT_MAX = 4;

/**
 * Events that a batch has to have to be worth a call of its own while others are in flight. A call costs as much as 40
 * events, and one with less is better sent with what comes until an earlier call returns.
 */
export const COMPANY_EVENTS_MIN = 64;

const APPEND_TIMEOUT_MS = 5_000;
/** One small call a second is little, and while strict mode waits for it, nothing is executed. */
const BACKOFF = { baseMs: 100, maxMs: 1_000 };
const MS_PER_SECOND = 1_000;

/** What a batch holds. */
export type EventKind = 'executed' | 'refused';

/** Events that are sent together. */
export interface AuditBatch {
  readonly kind: EventKind;
  /** An AppendAuditEventsRequest. */
  readonly bytes: Buffer;
  readonly events: number;
  /** Called once: when the events are durable, or will never be. */
  readonly settled: (isDurable: boolean) => void;
}

/** What the sender needs. */
export interface AuditSenderOptions {
  readonly audit: Pick<AuditClient, 'appendAuditEvents'>;
  readonly metrics: Pick<GatewayMetrics, 'auditDropped' | 'auditAppendSeconds' | 'auditBatchEvents'>;
  readonly logger: Logger;
  /** Spreads retries. Default `Math.random`. */
  readonly random?: () => number;
  /** Called when a call has returned and another one can be made. */
  readonly onFree: () => void;
}

/** Sends batches until auth has them: several at a time while that goes well, one at a time while it does not. */
export class AuditSender implements AsyncDisposable {
  readonly #options: AuditSenderOptions;
  readonly #stopped = new AbortController();
  readonly #waiting: AuditBatch[] = [];
  #inFlight = 0;
  /** Calls that failed one after the other. */
  #failures = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #isIdle = true;
  #idle = Promise.withResolvers<void>();

  constructor(options: AuditSenderOptions) {
    this.#options = options;
    this.#idle.resolve();
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether auth did not take what it was sent last. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** Tells whether a batch of so many events would be sent at once, and is worth it. */
  isFreeFor(events: number): boolean {
    if (this.#waiting.length > 0 || !this.#mayAppend()) return false;
    return this.#inFlight === 0 || events >= COMPANY_EVENTS_MIN;
  }

  /** Sends a batch as soon as its turn comes. */
  send(batch: AuditBatch): void {
    if (this.#isIdle) this.#idle = Promise.withResolvers();
    this.#isIdle = false;
    this.#waiting.push(batch);
    this.#pump();
  }

  /** Resolves when all that was sent is settled, or the sender has stopped. */
  idle(): Promise<void> {
    return this.#idle.promise;
  }

  /** Cancels what is in flight; batches that are not settled by then are lost. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#retryTimer);
    this.#stopped.abort();
    this.#rest();
    await this.#idle.promise;
  }

  #mayAppend(): boolean {
    if (this.#retryTimer !== undefined || this.#stopped.signal.aborted) return false;
    return this.#inFlight < (this.isFailing ? 1 : APPENDS_IN_FLIGHT_MAX);
  }

  #pump(): void {
    while (this.#mayAppend()) {
      const batch = this.#waiting.shift();
      if (batch === undefined) return;
      void this.#deliver(batch);
    }
  }

  /** Never rejects. */
  async #deliver(batch: AuditBatch): Promise<void> {
    this.#inFlight += 1;
    const error = await this.#append(batch);
    this.#inFlight -= 1;
    if (error === undefined) this.#succeed(batch);
    // Sending the same again would fail the same way, for ever, and hold up what comes after.
    else if (error.code === 'INVALID_ARGUMENT') this.#giveUp(batch, error);
    else this.#tryLater(batch);
    this.#pump();
    this.#options.onFree();
    if (this.#waiting.length === 0 || this.#stopped.signal.aborted) this.#rest();
  }

  #rest(): void {
    if (this.#inFlight > 0) return;
    this.#isIdle = true;
    this.#idle.resolve();
  }

  async #append({ bytes, events }: AuditBatch): Promise<AppError | undefined> {
    const { audit, metrics } = this.#options;
    const startedAtMs = performance.now();
    try {
      const deadlineMs = systemClock.now() + APPEND_TIMEOUT_MS;
      await audit.appendAuditEvents(bytes, { deadlineMs, signal: this.#stopped.signal });
      metrics.auditAppendSeconds.observe((performance.now() - startedAtMs) / MS_PER_SECOND);
      metrics.auditBatchEvents.observe(events);
      return undefined;
    } catch (error) {
      return toAppError(error);
    }
  }

  #succeed(batch: AuditBatch): void {
    if (this.isFailing) this.#options.logger.info('audit events are taken again');
    this.#failures = 0;
    batch.settled(true);
  }

  #giveUp(batch: AuditBatch, error: AppError): void {
    const { kind, events } = batch;
    this.#options.logger.error({ err: error, events }, 'auth refused audit events, they are lost');
    this.#options.metrics.auditDropped.inc({ kind }, events);
    batch.settled(false);
  }

  #tryLater(batch: AuditBatch): void {
    this.#waiting.unshift(batch);
    this.#failures += 1;
    if (this.#failures === 1) this.#options.logger.warn('audit events are not taken, they wait');
    if (this.#stopped.signal.aborted) return;
    const { random = Math.random } = this.#options;
    this.#retryTimer ??= setTimeout(() => this.#retry(), backoffMs(this.#failures, { ...BACKOFF, random }));
  }

  #retry(): void {
    this.#retryTimer = undefined;
    this.#pump();
  }
}
