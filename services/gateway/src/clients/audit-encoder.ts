import { AuditEventIds, EVENT_ID_CHARACTERS } from './audit-event-id.ts';
import type { RecordedRequest } from './recorded-request.ts';

const METHOD_CHARACTERS_MAX = 200;
const TARGET_CHARACTERS_MAX = 2_048;
/** Names, ids and addresses are ours or bounded by whoever made them; this only makes the size of an event certain. */
const TEXT_CHARACTERS_MAX = 200;

/**
 * The most that one event can have: three bytes a character at worst, eight texts besides method and target, and less than
 * 200 bytes for numbers, hash, id and tags. The contract allows 16 KiB.
 */
export const EVENT_BYTES_MAX = 12 * 1_024;

/** What AppendAuditEvents takes at once. */
export const BATCH_EVENTS_MAX = 1_000;

/** A batch of usual events has 250 KB; a message may have 4 MiB. */
const BATCH_BYTES_MAX = 1_024 * 1_024;

/** Fields by tag: the number times 8, plus 2 for what has a length. */
const EVENTS = 0x0a;
const SECONDS = 0x08;
const NANOS = 0x10;
const tags = {
  eventId: 0x0a,
  occurredAt: 0x12,
  tenantId: 0x1a,
  userId: 0x22,
  credentialId: 0x2a,
  method: 0x32,
  target: 0x3a,
  outcome: 0x40,
  reason: 0x4a,
  paramsSha256: 0x52,
  durationMicros: 0x58,
  traceId: 0x62,
  requestId: 0x6a,
  transport: 0x72,
  clientAddress: 0x7a,
} as const;

const SHA256_BYTES = 32;
const MS_PER_SECOND = 1_000;
const MICROS_PER_MS = 1_000;
const NANOS_PER_MS = 1_000_000;

/** Lengths up to here take one byte. */
const VARINT_BYTE_MAX = 0x7f;
/** Two bytes are kept for the length of an event, whatever it comes to. */
const EVENT_HEAD_BYTES = 3;

const FIRST_PRINTABLE = 0x20;
const LAST_PRINTABLE = 0x7e;

/** Some events as the bytes of an AppendAuditEventsRequest. */
export interface EncodedEvents {
  readonly bytes: Buffer;
  readonly events: number;
}

/**
 * Encodes audit events one behind the other as they come, ready to be sent. The generated code would need an object with
 * a Date, a bigint and a Buffer for each, and take six times as long; a test compares what comes out.
 */
export class AuditEncoder {
  readonly #buffer = Buffer.allocUnsafeSlow(BATCH_BYTES_MAX + EVENT_BYTES_MAX);
  readonly #ids = new AuditEventIds();
  #at = 0;
  #events = 0;

  get events(): number {
    return this.#events;
  }

  get bytes(): number {
    return this.#at;
  }

  /** Whether the events have to be taken before the next one is added. */
  get isFull(): boolean {
    return this.#events === BATCH_EVENTS_MAX || this.#at > BATCH_BYTES_MAX;
  }

  /** Adds an event. Ask isFull before. */
  add(request: RecordedRequest): void {
    const start = this.#at;
    this.#at = start + EVENT_HEAD_BYTES;
    this.#when(Math.floor(request.occurredAtMs));
    this.#text(tags.tenantId, request.tenantId);
    this.#text(tags.userId, request.userId);
    this.#text(tags.credentialId, request.credentialId);
    this.#text(tags.method, request.method, METHOD_CHARACTERS_MAX);
    this.#text(tags.target, request.target, TARGET_CHARACTERS_MAX);
    this.#number(tags.outcome, request.outcome);
    this.#text(tags.reason, request.reason);
    if (request.paramsSha256 !== '') this.#hash(tags.paramsSha256, request.paramsSha256);
    this.#number(tags.durationMicros, Math.max(0, Math.round(request.durationMs * MICROS_PER_MS)));
    this.#text(tags.traceId, request.traceId);
    this.#text(tags.requestId, request.requestId);
    this.#text(tags.transport, request.transport);
    this.#text(tags.clientAddress, request.clientAddress);
    this.#head(start);
    this.#events += 1;
  }

  /** Returns the events added so far, and begins anew. */
  take(): EncodedEvents {
    const taken = { bytes: Buffer.from(this.#buffer.subarray(0, this.#at)), events: this.#events };
    this.#at = 0;
    this.#events = 0;
    return taken;
  }

  #head(start: number): void {
    const length = this.#at - start - EVENT_HEAD_BYTES;
    this.#buffer[start] = EVENTS;
    this.#buffer[start + 1] = (length & VARINT_BYTE_MAX) | (VARINT_BYTE_MAX + 1);
    this.#buffer[start + 2] = length >>> 7;
  }

  #when(epochMs: number): void {
    this.#byte(tags.eventId);
    this.#byte(EVENT_ID_CHARACTERS);
    this.#ids.write(this.#buffer, this.#at, epochMs);
    this.#at += EVENT_ID_CHARACTERS;
    this.#byte(tags.occurredAt);
    const lengthAt = this.#at;
    this.#at += 1;
    this.#number(SECONDS, Math.floor(epochMs / MS_PER_SECOND));
    this.#number(NANOS, (epochMs % MS_PER_SECOND) * NANOS_PER_MS);
    this.#buffer[lengthAt] = this.#at - lengthAt - 1;
  }

  #text(tag: number, text: string, charactersMax = TEXT_CHARACTERS_MAX): void {
    const { length } = text;
    if (length === 0) return;
    if (length > VARINT_BYTE_MAX) return this.#unusualText(tag, text, charactersMax);
    const buffer = this.#buffer;
    const at = this.#at + 2;
    for (let index = 0; index < length; index += 1) {
      const code = text.charCodeAt(index);
      if (code < FIRST_PRINTABLE || code > LAST_PRINTABLE) return this.#unusualText(tag, text, charactersMax);
      buffer[at + index] = code;
    }
    buffer[at - 2] = tag;
    buffer[at - 1] = length;
    this.#at = at + length;
  }

  /** Postgres stores no NUL and a person reads no control characters: one such event would hold up all after it. */
  #unusualText(tag: number, text: string, charactersMax: number): void {
    const printable = text.slice(0, charactersMax).replace(/\p{Cc}|\p{Cs}/gu, '\u{FFFD}');
    this.#byte(tag);
    this.#varint(Buffer.byteLength(printable));
    this.#at += this.#buffer.write(printable, this.#at);
  }

  #hash(tag: number, digest: string): void {
    this.#byte(tag);
    this.#byte(SHA256_BYTES);
    for (let index = 0; index < SHA256_BYTES; index += 1) this.#byte(digest.charCodeAt(index));
  }

  #number(tag: number, value: number): void {
    if (value === 0) return;
    this.#byte(tag);
    this.#varint(value);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest > VARINT_BYTE_MAX) {
      this.#byte((rest % (VARINT_BYTE_MAX + 1)) + VARINT_BYTE_MAX + 1);
      rest = Math.floor(rest / (VARINT_BYTE_MAX + 1));
    }
    this.#byte(rest);
  }

  #byte(value: number): void {
    this.#buffer[this.#at] = value;
    this.#at += 1;
  }
}
