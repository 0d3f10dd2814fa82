import { setTimeout as sleepFor } from 'node:timers/promises';

import { isAppError } from '@gantry/errors';
import type { AuditEvent } from '@gantry/protocol/gantry/auth/v1/audit_service';
import { backoffMs } from '@gantry/resilience';
import { type Logger, systemClock } from '@gantry/telemetry';

import type { GatewayMetrics } from '../metrics.ts';
import type { AuditClient } from './backends.ts';
import { createRefusalLedger } from './refusal-ledger.ts';

/** A minute of 160 requests a second while auth is away; about 10 MB. */
export const EXECUTED_EVENTS_MAX = 10_000;

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

/**
 * Holds audit events until auth has them. What was executed and what was refused are kept apart: whoever has no key can
 * make as many refusals as they like, and must not push out what others did.
 */
export interface AuditSpool extends AsyncDisposable {
  /** Tells whether this many requests can still be executed without an event of one of them being lost. */
  hasRoomFor(requests: number): boolean;
  /** Takes the event of an executed request; never waits, never throws. Ask hasRoomFor before executing. */
  record(event: AuditEvent): void;
  /**
   * Takes the event of so many refused requests; never waits, never throws. Those of one caller for one reason are made
   * one event until it is sent.
   */
  refuse(event: AuditEvent, requests: number): void;
  /** Resolves when every event recorded so far is durable, or when the signal aborts. */
  flush(signal: AbortSignal): Promise<void>;
  readonly length: number;
}

/** Creates the spool: batches of at most 500 events or 200 ms, one call at a time, sent again until auth takes them. */
export function createAuditSpool(options: AuditSpoolOptions): AuditSpool {
  return new BatchingSpool(options);
}

/** Events that are sent together. */
interface Batch {
  readonly executed: readonly AuditEvent[];
  readonly refused: readonly AuditEvent[];
}

const EMPTY: Batch = { executed: [], refused: [] };

class BatchingSpool implements AuditSpool {
  readonly #options: AuditSpoolOptions;
  readonly #stopped = new AbortController();
  readonly #executed: AuditEvent[] = [];
  readonly #refused = createRefusalLedger();
  #sending = EMPTY;
  #timer: NodeJS.Timeout | undefined;
  #pump: Promise<void> | undefined;
  #isDropping = false;

  constructor(options: AuditSpoolOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#executedCount + this.#refused.size + this.#sending.refused.length;
  }

  get #executedCount(): number {
    return this.#executed.length + this.#sending.executed.length;
  }

  hasRoomFor(requests: number): boolean {
    return this.#executedCount + requests <= EXECUTED_EVENTS_MAX;
  }

  record(event: AuditEvent): void {
    if (this.hasRoomFor(1)) this.#executed.push(event);
    else this.#drop('executed', 1);
    this.#schedule();
  }

  refuse(event: AuditEvent, requests: number): void {
    const dropped = this.#refused.add(event, requests);
    if (dropped > 0) this.#drop('refused', dropped);
    this.#schedule();
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

  #schedule(): void {
    if (this.#pump !== undefined) return;
    if (this.length >= BATCH_EVENTS_MAX) return this.#start();
    this.#timer ??= setTimeout(() => this.#start(), GATHER_MS);
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pump ??= this.#send().finally(() => (this.#pump = undefined));
  }

  /** Sends until nothing waits. */
  async #send(): Promise<void> {
    const { signal } = this.#stopped;
    for (let attempt = 1; this.length > 0 && !signal.aborted; attempt += 1) {
      if (this.#sending === EMPTY) this.#sending = this.#takeBatch();
      if (await this.#append(this.#sending)) {
        this.#sending = EMPTY;
        this.#isDropping = false;
        attempt = 0;
        continue;
      }
      await sleepFor(backoffMs(attempt, BACKOFF), undefined, { signal }).catch(() => undefined);
    }
  }

  #takeBatch(): Batch {
    const executed = this.#executed.splice(0, BATCH_EVENTS_MAX);
    return { executed, refused: this.#refused.take(BATCH_EVENTS_MAX - executed.length) };
  }

  /** Returns whether the batch is dealt with. */
  async #append({ executed, refused }: Batch): Promise<boolean> {
    const { audit, logger, metrics } = this.#options;
    const events = [...executed, ...refused];
    try {
      const deadlineMs = systemClock.now() + APPEND_TIMEOUT_MS;
      await audit.appendAuditEvents({ events }, { deadlineMs, signal: this.#stopped.signal });
      return true;
    } catch (error) {
      // Sending the same again would fail the same way, for ever, and hold up what comes after.
      if (!isAppError(error) || error.code !== 'INVALID_ARGUMENT') return false;
      logger.error({ err: error, events: events.length }, 'auth refused audit events, they are lost');
      metrics.auditDropped.inc({ kind: 'executed' }, executed.length);
      metrics.auditDropped.inc({ kind: 'refused' }, refused.length);
      return true;
    }
  }

  #drop(kind: 'executed' | 'refused', events: number): void {
    this.#options.metrics.auditDropped.inc({ kind }, events);
    if (!this.#isDropping) this.#options.logger.error({ kind }, 'the audit spool is full, events are lost');
    this.#isDropping = true;
  }
}
