import { AppError } from '@gantry/errors';
import { describe, expect, test } from 'vitest';

import { auditWorld, recorded } from '../../test/audit-world.ts';
import { BATCH_EVENTS_MAX, EVENT_BYTES_MAX } from './audit-encoder.ts';
import { APPENDS_IN_FLIGHT_MAX } from './audit-sender.ts';
import { EXECUTED_BYTES_MAX, EXECUTED_EVENTS_MAX } from './audit-spool.ts';
import type { RecordedRequest } from './recorded-request.ts';
import { REFUSALS_MAX } from './refusal-ledger.ts';

const world = () => auditWorld('async');
const refusal = (clientAddress: string, more: Partial<RecordedRequest> = {}) =>
  recorded(`refused-${clientAddress}`, { clientAddress, reason: 'CREDENTIAL_MISSING', ...more });

const away = new AppError({ code: 'UNAVAILABLE', reason: 'SERVICE_UNAVAILABLE', message: 'auth is away' });

describe('the audit spool', () => {
  test('sends events together, in order, and lets nobody wait', async () => {
    const { spool, batches, flush } = world();
    const waits = [0, 1, 2].map((id) => spool.record(recorded(id)));
    expect(waits).toEqual([undefined, undefined, undefined]);
    await flush();
    expect(batches).toEqual([['0', '1', '2']]);
    expect([spool.length, spool.bytes]).toEqual([0, 0]);
  });

  test('sends by itself after a moment', async () => {
    const { spool, batches } = world();
    void spool.record(recorded(1));
    await expect.poll(() => batches).toEqual([['1']]);
  });

  test('sends at most a thousand at once, and those without waiting', async () => {
    const { spool, batches, flush } = world();
    for (let id = 0; id < BATCH_EVENTS_MAX + 1; id += 1) void spool.record(recorded(id));
    expect(spool.appendsInFlight).toBe(1);
    await flush();
    expect(batches.map(({ length }) => length)).toEqual([BATCH_EVENTS_MAX, 1]);
  });

  test('sends several batches at a time, and no more', async () => {
    const { spool, held, hold, flush } = world();
    hold(true);
    for (let id = 0; id < (APPENDS_IN_FLIGHT_MAX + 2) * BATCH_EVENTS_MAX; id += 1) void spool.record(recorded(id));
    await expect.poll(() => held.length).toBe(APPENDS_IN_FLIGHT_MAX);
    expect(spool.appendsInFlight).toBe(APPENDS_IN_FLIGHT_MAX);
    hold(false);
    for (const append of held) append.answer();
    await flush();
    expect(held).toHaveLength(APPENDS_IN_FLIGHT_MAX);
    expect(spool.length).toBe(0);
  });

  test('sends again until auth takes them, one at a time, and says that they wait once', async () => {
    const { spool, batches, lines, fail, flush } = world();
    fail(away);
    void spool.record(recorded(1));
    const flushed = flush();
    void spool.record(recorded(2));
    await expect.poll(() => lines.filter((line) => line.includes('they wait'))).toHaveLength(1);
    expect(spool.length).toBe(2);
    fail(undefined);
    await flushed;
    expect(batches.flat().toSorted()).toEqual(['1', '2']);
    expect(lines.filter((line) => line.includes('they wait'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('are taken again'))).toHaveLength(1);
  });

  test('never refuses while there is room', async () => {
    const { spool, fail, lines } = world();
    fail(away);
    void spool.record(recorded(1));
    await expect.poll(() => lines.some((line) => line.includes('they wait'))).toBe(true);
    expect(spool.isRefusing).toBe(false);
    await spool[Symbol.asyncDispose]();
  });

  test('has room for sixty thousand executed requests, and says so before one is lost', async () => {
    const { spool, batches, fail, flush, dropped } = world();
    fail(away);
    for (let id = 0; id < EXECUTED_EVENTS_MAX - 1; id += 1) void spool.record(recorded(id));
    expect([spool.hasRoomFor(1), spool.hasRoomFor(2)]).toEqual([true, false]);
    void spool.record(recorded('last'));
    expect(spool.hasRoomFor(1)).toBe(false);
    void spool.record(recorded('beyond'));
    expect(await dropped()).toEqual({ executed: 1 });
    fail(undefined);
    await flush();
    expect(batches.flat()).toHaveLength(EXECUTED_EVENTS_MAX);
    expect(spool.hasRoomFor(EXECUTED_BYTES_MAX / EVENT_BYTES_MAX)).toBe(true);
  });

  test('has room for 64 MiB, when events are large', async () => {
    const { spool, fail, flush, dropped } = world();
    fail(away);
    const target = '\u{FFFD}'.repeat(2_048);
    while (spool.hasRoomFor(1)) void spool.record(recorded(1, { target }));
    expect(spool.bytes).toBeLessThanOrEqual(EXECUTED_BYTES_MAX);
    expect(spool.bytes).toBeGreaterThan(EXECUTED_BYTES_MAX - EVENT_BYTES_MAX - 1);
    expect(spool.length).toBeLessThan(EXECUTED_EVENTS_MAX);
    fail(undefined);
    await flush();
    expect(await dropped()).toEqual({});
  });

  test('drops the oldest refusals, never what was executed, counts them, and says so once', async () => {
    const { spool, batches, lines, fail, flush, dropped } = world();
    fail(away);
    void spool.record(recorded('executed'));
    for (let count = 0; count < REFUSALS_MAX + 5; count += 1) spool.refuse(refusal(`10.0.0.${count}`), 100);
    expect(spool.length).toBe(REFUSALS_MAX + 1);
    expect(await dropped()).toEqual({ refused: 5 });
    expect(lines.filter((line) => line.includes('the audit spool is full'))).toHaveLength(1);
    fail(undefined);
    await flush();
    expect(batches.flat()).toHaveLength(REFUSALS_MAX + 1);
    expect(batches.flat()).toContain('executed');
    expect(batches.flat()).not.toContain('refused-10.0.0.4');
  });

  test('keeps refusals where they are made one until a batch of them is taken', async () => {
    const { spool, held, hold, batches, flush } = world();
    hold(true);
    spool.refuse(refusal('10.0.0.1'), 1);
    await expect.poll(() => held.length).toBe(1);
    for (let count = 0; count < 1_000; count += 1) spool.refuse(refusal('10.0.0.2'), 1);
    expect(spool.length).toBe(2);
    hold(false);
    held[0]?.answer();
    await flush();
    expect(batches).toEqual([['refused-10.0.0.1'], ['refused-10.0.0.2']]);
  });

  test('makes one event of refusals alike, and says of how many', async () => {
    const { spool, stored, flush } = world();
    spool.refuse(refusal('10.0.0.1', { method: 'ping', target: 'x' }), 1);
    for (let count = 0; count < 1_000; count += 1) spool.refuse(refusal('10.0.0.1', { method: '' }), 100);
    spool.refuse(refusal('10.0.0.2', { method: 'ping', target: 'x' }), 1);
    spool.refuse(refusal('10.0.0.2', { reason: 'PARSE_ERROR', method: '' }), 1);
    spool.refuse(refusal('10.0.0.2', { credentialId: 'k', method: '' }), 2);
    spool.refuse(refusal('10.0.0.3', { credentialId: 'k', method: '' }), 2);
    await flush();
    expect(stored.map(({ clientAddress, reason, method, target }) => [clientAddress, reason, method, target])).toEqual([
      ['10.0.0.1', 'CREDENTIAL_MISSING', '', '100001 requests'],
      ['10.0.0.2', 'CREDENTIAL_MISSING', 'ping', 'x'],
      ['10.0.0.2', 'PARSE_ERROR', '', ''],
      ['10.0.0.2', 'CREDENTIAL_MISSING', '', '4 requests'],
    ]);
  });

  test('gives up events that auth refuses for good', async () => {
    const { spool, fail, flush, dropped } = world();
    fail(new AppError({ code: 'INVALID_ARGUMENT', reason: 'REQUEST_INVALID', message: 'the event is not valid' }));
    void spool.record(recorded(1));
    await flush();
    expect(spool.length).toBe(0);
    expect(await dropped()).toEqual({ executed: 1 });
  });

  test('measures what it appends', async () => {
    const { spool, metrics, flush } = world();
    for (let id = 0; id < 3; id += 1) void spool.record(recorded(id));
    await flush();
    const sums = await Promise.all([metrics.auditBatchEvents.get(), metrics.auditAppendSeconds.get()]);
    const valueOf = (index: number, suffix: string) =>
      sums[index]?.values.find(({ metricName }) => metricName?.endsWith(suffix) === true)?.value;
    expect([valueOf(0, '_sum'), valueOf(0, '_count'), valueOf(1, '_count')]).toEqual([3, 1, 1]);
  });

  test('is given up when the time is over, and says what is lost', async () => {
    const { spool, fail, lines } = world();
    fail(away);
    void spool.record(recorded(1));
    await spool.flush(AbortSignal.timeout(10));
    await spool[Symbol.asyncDispose]();
    expect(lines.some((line) => line.includes('audit events are lost') && line.includes('"events":1'))).toBe(true);
  });
});
