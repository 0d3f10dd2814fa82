import { setTimeout as sleepFor } from 'node:timers/promises';

import { isAppError } from '@gantry/errors';
import type { AuditEvent } from '@gantry/protocol/gantry/auth/v1/audit_service';
import { backoffMs } from '@gantry/resilience';
import { type Logger, systemClock } from '@gantry/telemetry';

import type { GatewayMetrics } from '../metrics.ts';
import type { AuditClient } from './backends.ts';

/** A minute of 160 requests a second while auth is away; about 10 MB. */
export const SPOOL_EVENTS_MAX = 10_000;

/** Half of what one call may carry. */
export const BATCH_EVENTS_MAX = 500;

/** How long an event waits for company. */
const GATHER_MS = 200;

const APPEND_TIMEOUT_MS = 5_000;
const BACKOFF = { baseMs: 100, maxMs: 5_000, random: Math.random };

/** What the spool needs. */
export interface AuditSpoolOptions {
  readonly audit: Pick<AuditClient, 'appendAuditEvents'>;
  readonly metrics: Pick<GatewayMetrics, 'auditDropped'>;
  readonly logger: Logger;
}

/** Holds audit events until auth has them. */
export interface AuditSpool extends AsyncDisposable {
  /** Takes an event; never waits, never throws. Beyond 10,000 the oldest is lost, counted and logged. */
  record(event: AuditEvent): void;
  /** Resolves when every event recorded so far is durable, or when the signal aborts. */
  flush(signal: AbortSignal): Promise<void>;
  readonly length: number;
}

/** Creates the spool: batches of at most 500 events or 200 ms, one call at a time, sent again until auth takes them. */
export function createAuditSpool(options: AuditSpoolOptions): AuditSpool {
  return new BatchingSpool(options);
}

class BatchingSpool implements AuditSpool {
  readonly #options: AuditSpoolOptions;
  readonly #stopped = new AbortController();
  #waiting: AuditEvent[] = [];
  #sending: readonly AuditEvent[] = [];
  #timer: NodeJS.Timeout | undefined;
  #pump: Promise<void> | undefined;
  #isDropping = false;

  constructor(options: AuditSpoolOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#waiting.length + this.#sending.length;
  }

  record(event: AuditEvent): void {
    this.#waiting.push(event);
    this.#trim();
    if (this.#pump !== undefined) return;
    if (this.#waiting.length >= BATCH_EVENTS_MAX) return this.#start();
    this.#timer ??= setTimeout(() => this.#start(), GATHER_MS);
  }

  async flush(signal: AbortSignal): Promise<void> {
    this.#start();
    const aborted = Promise.withResolvers<void>();
    const abort = () => aborted.resolve();
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    await Promise.race([this.#pump, aborted.promise]);
    signal.removeEventListener('abort', abort);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#stopped.abort();
    await this.#pump;
    if (this.length > 0)
      this.#options.logger.error({ events: this.length }, 'audit events are lost, the gateway stops');
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pump ??= this.#send().finally(() => (this.#pump = undefined));
  }

  /** Sends until nothing waits. */
  async #send(): Promise<void> {
    for (let attempt = 1; this.#waiting.length > 0 && !this.#stopped.signal.aborted; attempt += 1) {
      this.#sending = this.#waiting.splice(0, BATCH_EVENTS_MAX);
      if (await this.#append(this.#sending)) {
        this.#sending = [];
        this.#isDropping = false;
        attempt = 0;
        continue;
      }
      this.#waiting = [...this.#sending, ...this.#waiting];
      this.#sending = [];
      this.#trim();
      await sleepFor(backoffMs(attempt, BACKOFF), undefined, { signal: this.#stopped.signal }).catch(() => undefined);
    }
  }

  /** Returns whether the batch is dealt with. */
  async #append(events: readonly AuditEvent[]): Promise<boolean> {
    const { audit, logger, metrics } = this.#options;
    try {
      const deadlineMs = systemClock.now() + APPEND_TIMEOUT_MS;
      await audit.appendAuditEvents({ events }, { deadlineMs, signal: this.#stopped.signal });
      return true;
    } catch (error) {
      // Sending the same again would fail the same way, for ever, and hold up what comes after.
      if (!isAppError(error) || error.code !== 'INVALID_ARGUMENT') return false;
      logger.error({ err: error, events: events.length }, 'auth refused audit events, they are lost');
      metrics.auditDropped.inc(events.length);
      return true;
    }
  }

  #trim(): void {
    const excess = this.length - SPOOL_EVENTS_MAX;
    if (excess <= 0) return;
    const dropped = this.#waiting.splice(0, excess).length;
    this.#options.metrics.auditDropped.inc(dropped);
    if (!this.#isDropping) this.#options.logger.error('the audit spool is full, the oldest events are lost');
    this.#isDropping = true;
  }
}
