import { randomUUID } from 'node:crypto';

import { isReason } from '@gantry/errors';
import { type AuditEvent, AuditOutcome } from '@gantry/protocol/gantry/auth/v1/audit_service';
import { afterAll, describe, expect, test } from 'vitest';

import { AUDIT_EVENT_BYTES_MAX, AUDIT_EVENTS_PER_BATCH_MAX } from '../../src/domain/audit-event.ts';
import { auditEvent } from '../audit-event.ts';
import { createTenantWithAdmin, startWorld } from '../auth-world.ts';

const world = await startWorld();
afterAll(() => world[Symbol.asyncDispose]());

const { audit, operator } = world;
const startMs = Date.UTC(2026, 0, 1);

const eventAt = (second: number, event: Partial<AuditEvent> = {}) =>
  auditEvent({ occurredAt: new Date(startMs + second * 1_000), ...event });

/** A tenant of its own with somebody who may read its events. */
async function createReader(tenantId: string) {
  const { caller } = await createTenantWithAdmin(world, tenantId);
  const query = (request: { before?: Date; limit?: number; method?: string; outcome?: AuditOutcome } = {}) =>
    audit
      .queryAuditEvents(
        { before: undefined, limit: 0, method: '', outcome: AuditOutcome.AUDIT_OUTCOME_UNSPECIFIED, ...request },
        caller,
      )
      .then(({ events }) => events);
  return {
    caller,
    query,
    at: (second: number, event: Partial<AuditEvent> = {}) => eventAt(second, { tenantId, ...event }),
  };
}

describe('appendAuditEvents and queryAuditEvents', () => {
  test('store events and give them back, newest first', async () => {
    const { at, query } = await createReader('round-trip');
    const events = [at(1), at(3, { outcome: AuditOutcome.AUDIT_OUTCOME_DENIED, reason: 'PERMISSION_DENIED' }), at(2)];
    await expect(audit.appendAuditEvents({ events })).resolves.toEqual({ stored: 3 });
    const read = await query();
    expect(read.map((event) => ({ ...event, paramsSha256: new Uint8Array(event.paramsSha256) }))).toEqual([
      events[1],
      events[2],
      events[0],
    ]);
  });

  test('store an event once, however often it is sent', async () => {
    const { at, query } = await createReader('repeated');
    const [a, b] = [at(1), at(2)];
    await audit.appendAuditEvents({ events: [a, a] });
    const changed = { ...a, target: 'changed', eventId: a.eventId.toUpperCase() };
    await expect(audit.appendAuditEvents({ events: [changed, b] })).resolves.toEqual({ stored: 2 });
    expect((await query()).map((event) => event.target)).toEqual(['echo', 'echo']);
  });

  test('store an event once when batches that share it come at the same time, in whatever order', async () => {
    const { at, query } = await createReader('concurrent');
    const events = Array.from({ length: 40 }, (_, second) => at(second));
    const batches = Array.from({ length: 8 }, (_, index) => {
      const some = events.slice(index * 2, index * 2 + 20);
      return index % 2 === 0 ? some : some.toReversed();
    });
    // Two transactions that wait for each other's events are a conflict for one of them, which is sent again.
    const append = async (batch: readonly AuditEvent[]): Promise<void> => {
      await audit
        .appendAuditEvents({ events: batch })
        .catch((error: unknown) => (isReason(error, 'DATABASE_CONFLICT') ? append(batch) : Promise.reject(error)));
    };
    await Promise.all(batches.map(append));
    expect((await query()).map(({ eventId }) => eventId)).toEqual(
      events
        .slice(0, 34)
        .toReversed()
        .map(({ eventId }) => eventId),
    );
  });

  test('store what is new of a batch whose other events are stored', async () => {
    const { at, query } = await createReader('partly');
    const events = Array.from({ length: 10 }, (_, second) => at(second, { target: 'é' }));
    await audit.appendAuditEvents({ events: events.slice(3, 7) });
    await expect(audit.appendAuditEvents({ events })).resolves.toEqual({ stored: 10 });
    expect(await query()).toHaveLength(10);
  });

  test('store a full batch, and the smallest and largest of everything', async () => {
    const { at, query } = await createReader('full-batch');
    const empty = {
      userId: '',
      credentialId: '',
      target: '',
      traceId: '',
      requestId: '',
      transport: '',
      clientAddress: '',
    };
    const extremes = [
      at(0, { ...empty, method: '', paramsSha256: new Uint8Array(0), durationMicros: 0n }),
      at(1, { durationMicros: 2n ** 63n - 1n, target: `'); drop table auth.audit_events; -- {"a",NULL}\\` }),
    ];
    const rest = Array.from({ length: AUDIT_EVENTS_PER_BATCH_MAX - extremes.length }, (_, i) => at(i + 2));
    await expect(audit.appendAuditEvents({ events: [...extremes, ...rest] })).resolves.toEqual({
      stored: AUDIT_EVENTS_PER_BATCH_MAX,
    });
    expect(await query({ limit: 1_000 })).toHaveLength(AUDIT_EVENTS_PER_BATCH_MAX);
    const [second, first] = await query({ before: new Date(startMs + 2_000) });
    expect(first).toMatchObject({ method: '', durationMicros: 0n });
    expect(second).toMatchObject({
      durationMicros: 2n ** 63n - 1n,
      target: `'); drop table auth.audit_events; -- {"a",NULL}\\`,
    });
  });

  test('take an empty batch', async () => {
    await expect(audit.appendAuditEvents({ events: [] })).resolves.toEqual({ stored: 0 });
  });

  test('record what a hostile client named, even what Postgres cannot store', async () => {
    const { at, query } = await createReader('hostile');
    await audit.appendAuditEvents({ events: [at(1, { method: 'tools\0list', target: '\0' }), at(2)] });
    expect((await query()).map((event) => event.method)).toEqual(['tools/execute', 'tools\uFFFDlist']);
  });

  test('filter by time, method and outcome, and stop at the limit', async () => {
    const { at, query } = await createReader('filtered');
    const denied = AuditOutcome.AUDIT_OUTCOME_DENIED;
    const events = [at(1), at(2, { method: 'tools/list' }), at(3, { outcome: denied }), at(4)];
    await audit.appendAuditEvents({ events });
    const seconds = (found: readonly AuditEvent[]) =>
      found.map((event) => (Number(event.occurredAt) - startMs) / 1_000);
    expect(seconds(await query({ before: new Date(startMs + 3_000) }))).toEqual([2, 1]);
    expect(seconds(await query({ method: 'tools/list' }))).toEqual([2]);
    expect(seconds(await query({ outcome: denied }))).toEqual([3]);
    expect(seconds(await query({ limit: 2 }))).toEqual([4, 3]);
  });

  test('give 100 by default, and less than asked for when they would not fit into a message', async () => {
    const { at, query } = await createReader('large');
    const events = Array.from({ length: 250 }, (_, i) => at(i, { target: 'x'.repeat(15 * 1024) }));
    await audit.appendAuditEvents({ events: events.slice(0, 125) });
    await audit.appendAuditEvents({ events: events.slice(125) });
    expect(await query()).toHaveLength(100);
    const page = await query({ limit: 1_000 });
    expect(page.length).toBeGreaterThan(150);
    expect(page.length).toBeLessThan(250);
    const rest = await query({ limit: 1_000, before: page.at(-1)?.occurredAt ?? new Date(0) });
    expect(page.length + rest.length).toBe(250);
  });

  test('show a tenant its own events only', async () => {
    const mine = await createReader('mine');
    const yours = await createReader('yours');
    await audit.appendAuditEvents({ events: [mine.at(1), yours.at(2), eventAt(3, { tenantId: '' })] });
    expect(await mine.query()).toHaveLength(1);
    expect((await yours.query()).map((event) => event.tenantId)).toEqual(['yours']);
  });
});

describe('appendAuditEvents refuses', () => {
  test.each<[string, Partial<AuditEvent>]>([
    ['events[1].event_id', { eventId: 'no-uuid' }],
    ['events[1].occurred_at', { occurredAt: undefined }],
    ['events[1].occurred_at', { occurredAt: new Date(Date.UTC(10_000, 0, 1)) }],
    ['events[1].outcome', { outcome: AuditOutcome.AUDIT_OUTCOME_UNSPECIFIED }],
    // A number that a newer contract may know.
    ['events[1].outcome', { outcome: 9 as AuditOutcome }],
    ['events[1].params_sha256', { paramsSha256: new Uint8Array(31) }],
    ['events[1].duration_micros', { durationMicros: 2n ** 63n }],
    ['events[1].trace_id', { traceId: 'xyz' }],
    ['events[1]', { target: 'x'.repeat(AUDIT_EVENT_BYTES_MAX) }],
  ])('a batch with a bad %s, as a whole', async (field, event) => {
    const { at, query } = await createReader(`bad-${randomUUID()}`);
    await expect(audit.appendAuditEvents({ events: [at(1), at(2, event)] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'AUTH_REQUEST_INVALID',
      fieldViolations: [{ field }],
    });
    expect(await query()).toEqual([]);
  });

  test('more than a batch', async () => {
    const events = Array.from({ length: AUDIT_EVENTS_PER_BATCH_MAX + 1 }, (_, i) => eventAt(i));
    await expect(audit.appendAuditEvents({ events })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      fieldViolations: [{ field: 'events' }],
    });
  });

  test('more than a message', async () => {
    const events = Array.from({ length: 5 }, () => eventAt(1, { target: 'x'.repeat(1024 * 1024) }));
    await expect(audit.appendAuditEvents({ events })).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  });

  test('whoever is not a service of the cluster, also an administrator', async () => {
    const request = { events: [eventAt(1)] };
    await expect(audit.appendAuditEvents(request, operator)).rejects.toMatchObject({ reason: 'CALLER_REFUSED' });
    await expect(world.stranger.audit.appendAuditEvents(request)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'ASSERTION_MISSING',
    });
  });
});

describe('queryAuditEvents refuses', () => {
  const anything = { before: undefined, limit: 0, method: '', outcome: AuditOutcome.AUDIT_OUTCOME_UNSPECIFIED };

  test.each([
    ['limit', { ...anything, limit: 1_001 }],
    ['method', { ...anything, method: 'a\0' }],
    ['outcome', { ...anything, outcome: 9 as AuditOutcome }],
  ])('a bad %s', async (field, request) => {
    await expect(audit.queryAuditEvents(request, operator)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      fieldViolations: [{ field }],
    });
  });

  test('whoever lacks audit:read', async () => {
    const { caller } = await world.createUser('blind', ['tools:*', 'keys:*', 'policy:*']);
    await expect(audit.queryAuditEvents(anything, caller)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      metadata: { requiredPermission: 'audit:read' },
    });
    await expect(audit.queryAuditEvents(anything)).rejects.toMatchObject({ reason: 'CALLER_REFUSED' });
    await expect(world.stranger.audit.queryAuditEvents(anything)).rejects.toMatchObject({
      reason: 'ASSERTION_MISSING',
    });
  });
});

test('appending and reading end at their deadline, and when they are cancelled', async () => {
  const client = await world.pool.connect();
  await client.query('begin; lock table auth.audit_events in access exclusive mode');
  const request = { before: undefined, limit: 0, method: '', outcome: AuditOutcome.AUDIT_OUTCOME_UNSPECIFIED };
  const deadlineMs = Date.now() + 300;
  await expect(audit.appendAuditEvents({ events: [eventAt(1)] }, { deadlineMs })).rejects.toMatchObject({
    code: 'DEADLINE_EXCEEDED',
  });
  const controller = new AbortController();
  const cancelled = audit.queryAuditEvents(request, { ...operator, signal: controller.signal });
  controller.abort();
  await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
  await client.query('rollback');
  client.release();
});

test.each([
  ['GetCheckpoint', () => audit.getCheckpoint({}, operator)],
  ['GetInclusionProof', () => audit.getInclusionProof({ eventId: randomUUID() }, operator)],
])('%s is answered with UNIMPLEMENTED', async (name, call) => {
  await expect(call()).rejects.toMatchObject({
    code: 'UNIMPLEMENTED',
    message: `gantry.auth.v1.AuditService/${name} is part of the contract but not available in this version`,
  });
});
