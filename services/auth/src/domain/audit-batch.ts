import type { AuditOutcome } from './audit-event.ts';

/** The parts of an event that a batch points to, in this order. */
export const AUDIT_PARTS = [
  'tenantId',
  'eventId',
  'userId',
  'credentialId',
  'method',
  'target',
  'reason',
  'paramsSha256',
  'traceId',
  'requestId',
  'transport',
  'clientAddress',
] as const;

/** A part of an event. */
export type AuditPart = (typeof AUDIT_PARTS)[number];

const INTS_PER_EVENT = AUDIT_PARTS.length * 2;

/** The place of each part among the parts. */
export const auditPartIndexes = Object.fromEntries(AUDIT_PARTS.map((part, index) => [part, index])) as Readonly<
  Record<AuditPart, number>
>;

/**
 * Events to append, checked: the bytes that they came in, and where in them what is. Thousands of events a second go through
 * here, and most of what objects of them would cost is making strings out of bytes and bytes out of strings.
 */
export class AuditBatch {
  readonly bytes: Uint8Array;
  readonly #spans: Int32Array;
  readonly #occurredAtMs: Float64Array;
  readonly #durationMicros: (number | bigint)[] = [];
  readonly #outcomes: AuditOutcome[] = [];

  constructor(bytes: Uint8Array, eventsMax: number) {
    this.bytes = bytes;
    this.#spans = new Int32Array(eventsMax * INTS_PER_EVENT);
    this.#occurredAtMs = new Float64Array(eventsMax);
  }

  get size(): number {
    return this.#outcomes.length;
  }

  /** Says where a part of the event that is added next is; one that is not said anything of is empty. */
  point(part: number, begin: number, end: number): void {
    const at = this.size * INTS_PER_EVENT + part * 2;
    this.#spans[at] = begin;
    this.#spans[at + 1] = end;
  }

  /** Adds the event whose parts have been pointed to. */
  add(occurredAtMs: number, durationMicros: number | bigint, outcome: AuditOutcome): void {
    this.#occurredAtMs[this.size] = occurredAtMs;
    this.#durationMicros.push(durationMicros);
    this.#outcomes.push(outcome);
  }

  beginOf(event: number, part: number): number {
    return this.#spans[event * INTS_PER_EVENT + part * 2] ?? 0;
  }

  endOf(event: number, part: number): number {
    return this.#spans[event * INTS_PER_EVENT + part * 2 + 1] ?? 0;
  }

  occurredAtMsOf(event: number): number {
    return this.#occurredAtMs[event] ?? 0;
  }

  /** A number as long as it is a safe integer. */
  durationMicrosOf(event: number): number | bigint {
    return this.#durationMicros[event] ?? 0;
  }

  outcomeOf(event: number): AuditOutcome {
    return this.#outcomes[event] ?? 'failure';
  }
}
