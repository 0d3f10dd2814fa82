import { AUDIT_EVENTS_PER_BATCH_MAX, type AuditOutcome } from './audit-event.ts';

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

const NUMBERS_PER_EVENT = AUDIT_PARTS.length * 2;

/** Id, time and outcome, with their tags and lengths. */
const EVENT_BYTES_MIN = 44;

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
  /** Where each event begins. */
  readonly #begins: number[] = [];
  /** Where its parts begin and end, from there: an event has at most 16 KiB. */
  readonly #spans: Uint16Array;
  readonly #occurredAtMs: number[] = [];
  readonly #durationMicros: (number | bigint)[] = [];
  readonly #outcomes: AuditOutcome[] = [];

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    const eventsMax = Math.min(AUDIT_EVENTS_PER_BATCH_MAX, Math.ceil(bytes.length / EVENT_BYTES_MIN));
    this.#spans = new Uint16Array(eventsMax * NUMBERS_PER_EVENT);
  }

  get size(): number {
    return this.#outcomes.length;
  }

  /** Says where the event that is added next begins. */
  begin(at: number): void {
    this.#begins[this.size] = at;
  }

  /** Says where a part of it is; one that nothing is said of is empty. */
  point(part: number, begin: number, end: number): void {
    const eventBegin = this.#begins[this.size] ?? 0;
    const at = this.size * NUMBERS_PER_EVENT + part * 2;
    this.#spans[at] = begin - eventBegin;
    this.#spans[at + 1] = end - eventBegin;
  }

  /** Adds the event whose parts have been pointed to. */
  add(occurredAtMs: number, durationMicros: number | bigint, outcome: AuditOutcome): void {
    this.#occurredAtMs.push(occurredAtMs);
    this.#durationMicros.push(durationMicros);
    this.#outcomes.push(outcome);
  }

  beginOf(event: number, part: number): number {
    return (this.#begins[event] ?? 0) + (this.#spans[event * NUMBERS_PER_EVENT + part * 2] ?? 0);
  }

  endOf(event: number, part: number): number {
    return (this.#begins[event] ?? 0) + (this.#spans[event * NUMBERS_PER_EVENT + part * 2 + 1] ?? 0);
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
