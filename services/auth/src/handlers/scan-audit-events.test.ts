import { AppendAuditEventsRequest, type AuditEvent, AuditOutcome } from '@gantry/protocol/gantry/auth/v1/audit_service';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { auditEvent } from '../../test/audit-event.ts';
import { AUDIT_PARTS, type AuditBatch, auditPartIndexes } from '../domain/audit-batch.ts';
import { auditBatchFromProto } from './audit-from-proto.ts';
import { outcomeByProto } from './audit-limits.ts';
import { scanAuditEvents } from './scan-audit-events.ts';

const texts = fc.oneof(
  fc.string({ maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.constant('\0'),
);

const events: fc.Arbitrary<AuditEvent> = fc.record({
  eventId: fc.uuid().map((id) => (id.charCodeAt(0) % 2 === 0 ? id.toUpperCase() : id)),
  occurredAt: fc.date({ min: new Date(0), max: new Date(Date.UTC(9999, 0, 1)), noInvalidDate: true }),
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
  paramsSha256: fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }), { nil: new Uint8Array(0) }),
  durationMicros: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  traceId: fc.option(fc.stringMatching(/^[0-9a-f]{32}$/), { nil: '' }),
  requestId: texts,
  transport: texts,
  clientAddress: texts,
});

/** What a batch says of an event. */
function read(batch: AuditBatch, event: number) {
  const bytesOf = (part: number) =>
    Buffer.from(batch.bytes.subarray(batch.beginOf(event, part), batch.endOf(event, part)));
  const parts = AUDIT_PARTS.map((name) => [name, bytesOf(auditPartIndexes[name]).toString('latin1')]);
  return {
    ...Object.fromEntries(parts),
    occurredAtMs: batch.occurredAtMsOf(event),
    durationMicros: BigInt(batch.durationMicrosOf(event)),
    outcome: batch.outcomeOf(event),
  };
}

/** What the generated code says of it. */
function expected({ occurredAt, durationMicros, outcome, ...parts }: AuditEvent) {
  const bytesOf = (value: string | Uint8Array) =>
    Buffer.from(typeof value === 'string' ? value.replaceAll('\0', '\u{FFFD}') : value).toString('latin1');
  return {
    ...Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, bytesOf(value)])),
    occurredAtMs: occurredAt?.getTime(),
    durationMicros,
    outcome: outcomeByProto[outcome],
  };
}

const encode = (...given: readonly AuditEvent[]) => AppendAuditEventsRequest.encode({ events: given }).finish();

describe('reading a batch where it lies', () => {
  test('finds what the generated code finds', () => {
    fc.assert(
      fc.property(fc.array(events, { maxLength: 5 }), (given) => {
        const batch = auditBatchFromProto(encode(...given));
        expect(batch.size).toBe(given.length);
        expect(given.map((_, event) => read(batch, event))).toEqual(given.map(expected));
      }),
    );
  });

  test('takes every good event of usual bytes without decoding it', () => {
    const good = events.filter((event) => !JSON.stringify({ ...event, durationMicros: '' }).includes('\\u0000'));
    fc.assert(
      fc.property(fc.array(good, { maxLength: 5 }), (given) => {
        expect(scanAuditEvents(encode(...given))?.size).toBe(given.length);
      }),
    );
  });

  test('goes past fields that a newer contract may have', () => {
    // Short enough for a length of one byte.
    const short = auditEvent({ paramsSha256: new Uint8Array(0), traceId: '', clientAddress: '' });
    const bytes = Buffer.from(encode(short));
    // Field 20 of the event, once a number and once a text.
    const more = Buffer.concat([bytes.subarray(2), Buffer.from([0xa0, 1, 5, 0xa2, 1, 2, 0x68, 0x69])]);
    const batch = scanAuditEvents(Buffer.concat([Buffer.from([0x0a, more.length]), more]));
    expect(batch?.size).toBe(1);
  });

  test('takes nothing that the generated code would not take, whatever bytes come', () => {
    const bytes = Buffer.from(encode(auditEvent(), auditEvent({ target: 'é', paramsSha256: new Uint8Array(32) })));
    const changes = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(changes, fc.nat(bytes.length), (changed, length) => {
        const bad = Buffer.from(bytes.subarray(0, length));
        for (const [at, byte] of changed) if (at < length) bad[at] = byte;
        const batch = scanAuditEvents(bad);
        if (batch === undefined) return;
        const decoded = AppendAuditEventsRequest.decode(bad).events;
        expect(decoded.map((_, event) => read(batch, event))).toEqual(decoded.map(expected));
      }),
      { numRuns: 2_000 },
    );
  });

  test.each<[string, Uint8Array]>([
    ['that ends in the middle', encode(auditEvent()).subarray(0, 30)],
    ['of bytes that mean nothing', Uint8Array.from({ length: 40 }, () => 0xff)],
  ])('a batch %s is REQUEST_MALFORMED', (_, bytes) => {
    expect(() => auditBatchFromProto(bytes)).toThrow(expect.objectContaining({ reason: 'REQUEST_MALFORMED' }));
  });

  test('nothing is an empty batch', () => {
    expect(auditBatchFromProto(new Uint8Array(0)).size).toBe(0);
  });
});
