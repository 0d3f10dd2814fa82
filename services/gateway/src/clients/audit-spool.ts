import type { Logger } from '@gantry/telemetry';

import { auditUnavailable } from '../errors.ts';
import { BatchDurability, type Durability } from './audit-durability.ts';
import { AuditEncoder, EVENT_BYTES_MAX } from './audit-encoder.ts';
import { AuditSender, type AuditSenderOptions, type EventKind } from './audit-sender.ts';
import type { RecordedRequest } from './recorded-request.ts';
import { createRefusalLedger } from './refusal-ledger.ts';

/** Four seconds of 15,000 requests a second while auth is away, or six minutes of 160. */
export const EXECUTED_EVENTS_MAX = 60_000;

/** Usual events have 250 bytes, which makes 15 MB; the rest is for clients that name things at length. */
export const EXECUTED_BYTES_MAX = 64 * 1_024 * 1_024;

/** How long an event waits for company when no answer waits for it. */
const GATHER_MS = 200;

/** How long an answer waits for its event: auth or Postgres may go over to another replica meanwhile. */
const DURABLE_WITHIN_MS = 5_000;

/** `async`: answers do not wait for their events. `strict`: no answer is sent before its event is durable. */
export type AuditMode = 'async' | 'strict';

/** What the spool needs. */
export interface AuditSpoolOptions {
  readonly mode: AuditMode;
  readonly audit: AuditSenderOptions['audit'];
  readonly metrics: AuditSenderOptions['metrics'];
  readonly logger: Logger;
  /** Spreads retries. Default `Math.random`. */
  readonly random?: () => number;
  /** Default {@link DURABLE_WITHIN_MS}. */
  readonly durableWithinMs?: number;
}

/**
 * Holds audit events until auth has them. What was executed and what was refused are kept apart: whoever has no key can
 * make as many refusals as they like, and must not push out what others did.
 */
export interface AuditSpool extends AsyncDisposable {
  /** Tells whether this many requests can still be executed without an event of one of them being lost. */
  hasRoomFor(requests: number): boolean;
  /** Whether nothing may be executed because its event would not become durable. Never in mode `async`. */
  readonly isRefusing: boolean;
  /**
   * Takes the event of an executed request; never waits, never throws. Ask hasRoomFor before executing. Returns what the
   * answer has to wait for; undefined in mode `async`.
   */
  record(request: RecordedRequest): Durability | undefined;
  /**
   * Takes the event of so many refused requests; never waits, never throws. Those of one caller for one reason are made
   * one event until it is sent. Their answers wait for nothing in either mode: nothing was done, and whoever has no key
   * must not be able to make the gateway hold on to anything.
   */
  refuse(request: RecordedRequest, requests: number): void;
  /** Resolves when every event recorded so far is durable, or when the signal aborts. */
  flush(signal: AbortSignal): Promise<void>;
  /** Events that auth does not have yet. */
  readonly length: number;
  /** Their bytes; of those refused only what is being sent. */
  readonly bytes: number;
  readonly appendsInFlight: number;
}

/** Creates the spool: batches of at most 1,000 events, several calls at a time, sent again until auth takes them. */
export function createAuditSpool(options: AuditSpoolOptions): AuditSpool {
  return new BatchingSpool(options);
}

class BatchingSpool implements AuditSpool {
  readonly #options: AuditSpoolOptions;
  readonly #sender: AuditSender;
  /** The batch that is being filled. */
  readonly #open = new AuditEncoder();
  readonly #refusals = createRefusalLedger();
  readonly #sent = { executed: { events: 0, bytes: 0 }, refused: { events: 0, bytes: 0 } };
  /** What the answers of the open batch wait for. */
  #durability: BatchDurability | undefined;
  /** Batches whose answers waited too long, and that are not durable yet. */
  #overdue = 0;
  /** Whether the open batch has waited for company as long as it should. */
  #isDue = false;
  #stopGathering: (() => void) | undefined;
  #refusalTimer: NodeJS.Timeout | undefined;
  #isDropping = false;

  constructor(options: AuditSpoolOptions) {
    this.#options = options;
    this.#sender = new AuditSender({ ...options, onFree: () => this.#offer() });
  }

  get length(): number {
    const { executed, refused } = this.#sent;
    return this.#open.events + executed.events + refused.events + this.#refusals.size;
  }

  get bytes(): number {
    return this.#open.bytes + this.#sent.executed.bytes + this.#sent.refused.bytes;
  }

  get appendsInFlight(): number {
    return this.#sender.inFlight;
  }

  get isRefusing(): boolean {
    return this.#options.mode === 'strict' && (this.#sender.isFailing || this.#overdue > 0);
  }

  hasRoomFor(requests: number): boolean {
    const { events, bytes } = this.#sent.executed;
    return (
      this.#open.events + events + requests <= EXECUTED_EVENTS_MAX &&
      this.#open.bytes + bytes + requests * EVENT_BYTES_MAX <= EXECUTED_BYTES_MAX
    );
  }

  record(request: RecordedRequest): Durability | undefined {
    if (!this.hasRoomFor(1)) return this.#lose();
    this.#open.add(request);
    const promise = this.#waitForOpen();
    if (this.#open.isFull) this.#seal('executed');
    else this.#gather();
    return promise;
  }

  refuse(request: RecordedRequest, requests: number): void {
    const dropped = this.#refusals.add(request, requests);
    if (dropped > 0) this.#drop('refused', dropped);
    this.#refusalTimer ??= setTimeout(() => this.#sendRefusals(), GATHER_MS);
  }

  async flush(signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<void>();
    const abort = () => aborted.resolve();
    signal.addEventListener('abort', abort, { once: true });
    while (this.length > 0 && !signal.aborted) {
      this.#sendRefusals();
      this.#seal('executed');
      await Promise.race([this.#sender.idle(), aborted.promise]);
    }
    signal.removeEventListener('abort', abort);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopGathering?.();
    clearTimeout(this.#refusalTimer);
    await this.#sender[Symbol.asyncDispose]();
    if (this.length > 0)
      this.#options.logger.error({ events: this.length }, 'audit events are lost, the gateway stops');
  }

  /** Lets the open batch wait for company: while nothing waits for it, for a while; else until this turn has ended. */
  #gather(): void {
    if (this.#isDue) return this.#offer();
    if (this.#stopGathering !== undefined) return;
    const due = () => {
      this.#isDue = true;
      this.#offer();
    };
    if (this.#options.mode === 'strict') {
      const immediate = setImmediate(due);
      this.#stopGathering = () => clearImmediate(immediate);
      return;
    }
    const timer = setTimeout(due, GATHER_MS);
    this.#stopGathering = () => clearTimeout(timer);
  }

  /** Sends the open batch if it is time and there is a call to be had; else events go on joining it. */
  #offer(): void {
    if (this.#isDue && this.#sender.isFreeFor(this.#open.events)) this.#seal('executed');
  }

  #seal(kind: EventKind): void {
    this.#stopGathering?.();
    this.#stopGathering = undefined;
    this.#isDue = false;
    const durability = this.#durability;
    this.#durability = undefined;
    if (this.#open.events === 0) return;
    const { bytes, events } = this.#open.take();
    this.#sent[kind].events += events;
    this.#sent[kind].bytes += bytes.length;
    const settled = (isDurable: boolean) => {
      this.#sent[kind].events -= events;
      this.#sent[kind].bytes -= bytes.length;
      this.#isDropping = false;
      if (durability !== undefined) this.#settle(durability, isDurable);
      if (kind === 'refused' && this.#refusals.size > 0) this.#sendRefusals();
    };
    this.#sender.send({ kind, bytes, events, settled });
  }

  /** One batch of refusals at a time: the others wait where they are made one. */
  #sendRefusals(): void {
    clearTimeout(this.#refusalTimer);
    this.#refusalTimer = undefined;
    if (this.#sent.refused.events > 0) return;
    this.#seal('executed');
    while (!this.#open.isFull) {
      const refusal = this.#refusals.takeOldest();
      if (refusal === undefined) break;
      this.#open.add(refusal);
    }
    this.#seal('refused');
  }

  #waitForOpen(): Durability | undefined {
    if (this.#options.mode === 'async') return undefined;
    const { durableWithinMs = DURABLE_WITHIN_MS } = this.#options;
    this.#durability ??= new BatchDurability(durableWithinMs, () => (this.#overdue += 1));
    return this.#durability.promise;
  }

  #settle(durability: BatchDurability, isDurable: boolean): void {
    if (durability.isOverdue) this.#overdue -= 1;
    durability.settle(isDurable);
  }

  #lose(): Durability | undefined {
    this.#drop('executed', 1);
    const { mode } = this.#options;
    return mode === 'strict' ? Promise.resolve(auditUnavailable({ mayHaveRun: true })) : undefined;
  }

  #drop(kind: EventKind, events: number): void {
    this.#options.metrics.auditDropped.inc({ kind }, events);
    if (!this.#isDropping) this.#options.logger.error({ kind }, 'the audit spool is full, events are lost');
    this.#isDropping = true;
  }
}
