import { AuditBatch, type AuditPart, auditPartIndexes } from '../domain/audit-batch.ts';
import { AUDIT_EVENT_BYTES_MAX, AUDIT_EVENTS_PER_BATCH_MAX } from '../domain/audit-event.ts';
import { DURATION_MICROS_MAX, OCCURRED_AT_MAX_MS, outcomeByProto, SHA256_BYTES } from './audit-limits.ts';
import { isStorableText, isTraceIdText, isUuidText } from './byte-checks.ts';
import { WireCursor } from './wire-cursor.ts';

/** Fields are told by tag: the number times 8, plus 2 for what has a length. These are of the request and of a timestamp. */
const EVENTS = 0x0a;
const SECONDS = 0x08;
const NANOS = 0x10;

const NO_PART = -1;

/** Fields of an event. */
const OCCURRED_AT = 0x12;
const OUTCOME = 0x40;
const DURATION_MICROS = 0x58;
const allParts: readonly number[] = Object.values(auditPartIndexes);
const partByTag = partsByTag([
  [0x0a, 'eventId'],
  [0x1a, 'tenantId'],
  [0x22, 'userId'],
  [0x2a, 'credentialId'],
  [0x32, 'method'],
  [0x3a, 'target'],
  [0x4a, 'reason'],
  [0x52, 'paramsSha256'],
  [0x62, 'traceId'],
  [0x6a, 'requestId'],
  [0x72, 'transport'],
  [0x7a, 'clientAddress'],
]);

const MS_PER_SECOND = 1_000;
const NANOS_PER_MS = 1_000_000;
const NANOS_MAX = 999_999_999;

/**
 * Reads an AppendAuditEventsRequest and checks it. Returns undefined when anything is not as it should be: what that is, or
 * whether it is just written unusually, is for slower code to say.
 */
export function scanAuditEvents(bytes: Uint8Array): AuditBatch | undefined {
  const scanner = new EventScanner(bytes);
  return scanner.scanAll() ? scanner.batch : undefined;
}

class EventScanner {
  readonly batch: AuditBatch;
  readonly #bytes: Uint8Array;
  readonly #cursor: WireCursor;
  #occurredAtMs = Number.NaN;
  #durationMicros: number | bigint = 0;
  #outcome = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#cursor = new WireCursor(bytes);
    this.batch = new AuditBatch(bytes);
  }

  scanAll(): boolean {
    const cursor = this.#cursor;
    while (cursor.at < this.#bytes.length) {
      if (cursor.number() !== EVENTS || this.batch.size === AUDIT_EVENTS_PER_BATCH_MAX) return false;
      if (!this.#scanEvent(cursor.end())) return false;
    }
    return !cursor.isLost;
  }

  #scanEvent(end: number): boolean {
    const cursor = this.#cursor;
    if (end - cursor.at > AUDIT_EVENT_BYTES_MAX) return false;
    this.#occurredAtMs = Number.NaN;
    this.#durationMicros = 0;
    this.#outcome = 0;
    this.batch.begin(cursor.at);
    while (cursor.at < end) this.#scanField(cursor.number());
    if (cursor.at !== end || cursor.isLost) return false;
    return this.#addEvent();
  }

  #scanField(tag: number): void {
    const cursor = this.#cursor;
    const part = partByTag[tag] ?? NO_PART;
    if (part !== NO_PART) {
      const end = cursor.end();
      this.batch.point(part, cursor.at, end);
      cursor.at = end;
    } else if (tag === OCCURRED_AT) this.#occurredAtMs = this.#scanTimestamp(cursor.end());
    else if (tag === OUTCOME) this.#outcome = cursor.number();
    else if (tag === DURATION_MICROS) this.#durationMicros = cursor.uint64();
    else cursor.skip(tag);
  }

  #scanTimestamp(end: number): number {
    const cursor = this.#cursor;
    let seconds = 0;
    let nanos = 0;
    while (cursor.at < end) {
      const tag = cursor.number();
      if (tag === SECONDS) seconds = cursor.number();
      else if (tag === NANOS) nanos = cursor.number();
      else cursor.lose();
    }
    if (cursor.at !== end || nanos > NANOS_MAX) cursor.lose();
    return seconds * MS_PER_SECOND + Math.floor(nanos / NANOS_PER_MS);
  }

  /** Adds the event that was scanned, if it is a good one. */
  #addEvent(): boolean {
    const outcome = outcomeByProto[this.#outcome];
    if (outcome === undefined) return false;
    if (!(this.#occurredAtMs >= 0 && this.#occurredAtMs <= OCCURRED_AT_MAX_MS)) return false;
    if (this.#durationMicros > DURATION_MICROS_MAX) return false;
    for (const part of allParts) if (!this.#isGood(part)) return false;
    this.batch.add(this.#occurredAtMs, this.#durationMicros, outcome);
    return true;
  }

  #isGood(part: number): boolean {
    const begin = this.batch.beginOf(this.batch.size, part);
    const end = this.batch.endOf(this.batch.size, part);
    switch (part) {
      case auditPartIndexes.eventId:
        return isUuidText(this.#bytes, begin, end);
      case auditPartIndexes.traceId:
        return isTraceIdText(this.#bytes, begin, end);
      case auditPartIndexes.paramsSha256:
        return end - begin === SHA256_BYTES || end === begin;
      default:
        return isStorableText(this.#bytes, begin, end);
    }
  }
}

function partsByTag(tags: readonly (readonly [tag: number, part: AuditPart])[]): Int8Array {
  const parts = new Int8Array(128).fill(NO_PART);
  for (const [tag, part] of tags) parts[tag] = auditPartIndexes[part];
  return parts;
}
