import { createHash } from 'node:crypto';

import { AppendAuditEventsRequest, type AuditEvent, AuditOutcome } from '@gantry/protocol/gantry/auth/v1/audit_service';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { recorded } from '../../test/audit-world.ts';
import { AuditEncoder, BATCH_EVENTS_MAX, EVENT_BYTES_MAX } from './audit-encoder.ts';
import type { RecordedRequest } from './recorded-request.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const digestOf = (text: string) => createHash('sha256').update(text).digest('binary');

const texts = fc.oneof(
  fc.string({ maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 3_000 }),
);

const requests: fc.Arbitrary<RecordedRequest> = fc.record({
  occurredAtMs: fc.double({ min: 0, max: Date.UTC(9999, 0, 1), noNaN: true }),
  tenantId: texts,
  userId: texts,
  credentialId: texts,
  method: texts,
  target: texts,
  outcome: fc.constantFrom(
    AuditOutcome.AUDIT_OUTCOME_SUCCESS,
    AuditOutcome.AUDIT_OUTCOME_DENIED,
    AuditOutcome.AUDIT_OUTCOME_FAILURE,
  ),
  reason: texts,
  paramsSha256: fc.option(texts.map(digestOf), { nil: '' }),
  durationMs: fc.double({ min: 0, max: 1e12, noNaN: true }),
  traceId: texts,
  requestId: texts,
  transport: texts,
  clientAddress: texts,
});

/** What the event of a request is to be, apart from its id. */
function expected(request: RecordedRequest): Partial<AuditEvent> {
  const printable = (text: string, charactersMax = 200) =>
    text.slice(0, charactersMax).replace(/\p{Cc}|\p{Cs}/gu, '\u{FFFD}');
  return {
    occurredAt: new Date(Math.floor(request.occurredAtMs)),
    tenantId: printable(request.tenantId),
    userId: printable(request.userId),
    credentialId: printable(request.credentialId),
    method: printable(request.method),
    target: printable(request.target, 2_048),
    outcome: request.outcome,
    reason: printable(request.reason),
    paramsSha256: Uint8Array.from(request.paramsSha256, (character) => character.charCodeAt(0)),
    durationMicros: BigInt(Math.round(request.durationMs * 1_000)),
    traceId: printable(request.traceId),
    requestId: printable(request.requestId),
    transport: printable(request.transport),
    clientAddress: printable(request.clientAddress),
  };
}

const decode = (bytes: Uint8Array) =>
  AppendAuditEventsRequest.decode(bytes).events.map(({ eventId, ...event }) => ({
    eventId,
    event: { ...event, paramsSha256: new Uint8Array(event.paramsSha256) },
  }));

const usual = recorded('r-1', {
  credentialId: '0123456789abcdef',
  method: 'tools/execute',
  target: 'echo',
  paramsSha256: digestOf('{}'),
  durationMs: 1.5,
  traceId: '0af7651916cd43dd8448eb211c80319c',
  clientAddress: '192.0.2.1:1',
});

describe('the audit encoder', () => {
  test('writes what the generated code reads, whatever a client named', () => {
    const encoder = new AuditEncoder();
    fc.assert(
      fc.property(fc.array(requests, { maxLength: 5 }), (given) => {
        for (const request of given) encoder.add(request);
        const { bytes, events } = encoder.take();
        const decoded = decode(bytes);
        expect(events).toBe(given.length);
        expect(decoded.map(({ event }) => event)).toEqual(given.map(expected));
        expect(decoded.every(({ eventId }) => UUID_V7.test(eventId))).toBe(true);
      }),
    );
  });

  test('writes the very bytes that the generated code writes', () => {
    const encoder = new AuditEncoder();
    encoder.add(usual);
    const { bytes } = encoder.take();
    const again = AppendAuditEventsRequest.encode(AppendAuditEventsRequest.decode(bytes)).finish();
    // Fields are in their order; only lengths are written in two bytes where one would do.
    expect(bytes.subarray(3)).toEqual(Buffer.from(again).subarray(3));
  });

  test('gives every event an id of its own that begins with its time', () => {
    const encoder = new AuditEncoder();
    for (let count = 0; count < BATCH_EVENTS_MAX; count += 1) encoder.add(usual);
    const ids = decode(encoder.take().bytes).map(({ eventId }) => eventId);
    expect(new Set(ids).size).toBe(BATCH_EVENTS_MAX);
    const time = usual.occurredAtMs.toString(16).padStart(12, '0');
    expect(ids.every((id) => id.replaceAll('-', '').startsWith(time))).toBe(true);
  });

  test('is full after a thousand events', () => {
    const encoder = new AuditEncoder();
    for (let count = 0; count < BATCH_EVENTS_MAX - 1; count += 1) encoder.add(usual);
    expect(encoder.isFull).toBe(false);
    encoder.add(usual);
    expect(encoder.isFull).toBe(true);
    encoder.take();
    expect([encoder.isFull, encoder.events, encoder.bytes]).toEqual([false, 0, 0]);
  });

  test('is full before a batch of the largest events is too large for a message', () => {
    const encoder = new AuditEncoder();
    const long = '\u{FFFD}'.repeat(5_000);
    const texts = ['tenantId', 'userId', 'credentialId', 'method', 'target', 'reason', 'traceId', 'requestId'];
    const largest = { ...usual, ...Object.fromEntries(texts.map((name) => [name, long])), durationMs: 2 ** 43 };
    const sizes: number[] = [];
    while (!encoder.isFull) {
      const before = encoder.bytes;
      encoder.add({ ...largest, transport: long, clientAddress: long });
      sizes.push(encoder.bytes - before);
    }
    expect(Math.max(...sizes)).toBeLessThanOrEqual(EVENT_BYTES_MAX);
    const { bytes, events } = encoder.take();
    expect(bytes.length).toBeLessThan(1_100_000);
    expect(decode(bytes)).toHaveLength(events);
  });
});
