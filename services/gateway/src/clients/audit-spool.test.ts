import { AppError } from '@gantry/errors';
import { AuditEvent } from '@gantry/protocol/gantry/auth/v1/audit_service';
import { createLogger, createMetricsRegistry } from '@gantry/telemetry';
import { describe, expect, test } from 'vitest';

import { createGatewayMetrics } from '../metrics.ts';
import { BATCH_EVENTS_MAX, createAuditSpool, EXECUTED_EVENTS_MAX } from './audit-spool.ts';
import { REFUSALS_MAX } from './refusal-ledger.ts';

const event = (eventId: number | string) => AuditEvent.create({ eventId: String(eventId) });
const refusal = (clientAddress: string, more: Partial<AuditEvent> = {}) =>
  AuditEvent.create({ eventId: `refused-${clientAddress}`, clientAddress, reason: 'CREDENTIAL_MISSING', ...more });

function world() {
  const batches: string[][] = [];
  const stored: AuditEvent[] = [];
  const lines: string[] = [];
  let failure: AppError | undefined;
  const metrics = createGatewayMetrics(createMetricsRegistry({ service: 'gateway' }), new Set());
  const spool = createAuditSpool({
    audit: {
      appendAuditEvents: async ({ events }) => {
        if (failure !== undefined) throw failure;
        batches.push(events.map(({ eventId }) => eventId));
        stored.push(...events);
        return { stored: events.length };
      },
    },
    metrics,
    logger: createLogger({
      service: 'gateway',
      level: 'info',
      destination: { write: (line) => void lines.push(line) },
    }),
  });
  return {
    spool,
    batches,
    stored,
    lines,
    fail: (error: AppError | undefined) => {
      failure = error;
    },
    dropped: async () =>
      Object.fromEntries((await metrics.auditDropped.get()).values.map(({ labels, value }) => [labels.kind, value])),
    flush: () => spool.flush(AbortSignal.timeout(5_000)),
  };
}

const away = new AppError({ code: 'UNAVAILABLE', reason: 'SERVICE_UNAVAILABLE', message: 'auth is away' });

describe('the audit spool', () => {
  test('sends events together, in order', async () => {
    const { spool, batches, flush } = world();
    for (let id = 0; id < 3; id += 1) spool.record(event(id));
    await flush();
    expect(batches).toEqual([['0', '1', '2']]);
    expect(spool.length).toBe(0);
  });

  test('sends by itself after a moment', async () => {
    const { spool, batches } = world();
    spool.record(event(1));
    await expect.poll(() => batches).toEqual([['1']]);
  });

  test('sends at most five hundred at once', async () => {
    const { spool, batches, flush } = world();
    for (let id = 0; id < BATCH_EVENTS_MAX + 1; id += 1) spool.record(event(id));
    await flush();
    expect(batches.map(({ length }) => length)).toEqual([BATCH_EVENTS_MAX, 1]);
  });

  test('sends again, in order, until auth takes them', async () => {
    const { spool, batches, fail, flush } = world();
    fail(away);
    spool.record(event(1));
    const flushed = flush();
    spool.record(event(2));
    await expect.poll(() => spool.length).toBe(2);
    fail(undefined);
    await flushed;
    expect(batches.flat()).toEqual(['1', '2']);
  });

  test('has room for ten thousand executed requests, and says so before one is lost', async () => {
    const { spool, batches, fail, flush, dropped } = world();
    fail(away);
    for (let id = 0; id < EXECUTED_EVENTS_MAX - 1; id += 1) spool.record(event(id));
    expect([spool.hasRoomFor(1), spool.hasRoomFor(2)]).toEqual([true, false]);
    spool.record(event('last'));
    expect(spool.hasRoomFor(1)).toBe(false);
    spool.record(event('beyond'));
    expect(await dropped()).toEqual({ executed: 1 });
    fail(undefined);
    await flush();
    expect(batches.flat()).toHaveLength(EXECUTED_EVENTS_MAX);
    expect(spool.hasRoomFor(EXECUTED_EVENTS_MAX)).toBe(true);
  });

  test('drops the oldest refusals, never what was executed, counts them, and says so once', async () => {
    const { spool, batches, lines, fail, flush, dropped } = world();
    fail(away);
    spool.record(event('executed'));
    // The first batch is on its way already.
    const flushed = flush();
    for (let count = 0; count < REFUSALS_MAX + 5; count += 1) spool.refuse(refusal(`10.0.0.${count}`), 100);
    expect(spool.length).toBe(REFUSALS_MAX + 1);
    expect(await dropped()).toEqual({ refused: 5 });
    expect(lines.filter((line) => line.includes('the audit spool is full'))).toHaveLength(1);
    fail(undefined);
    await flushed;
    expect(batches.flat()).toHaveLength(REFUSALS_MAX + 1);
    expect(batches.flat()).toContain('executed');
    expect(batches.flat()).not.toContain('refused-10.0.0.4');
  });

  test('makes one event of refusals alike, and says of how many', async () => {
    const { spool, stored, flush } = world();
    spool.refuse(refusal('10.0.0.1', { method: 'ping', target: 'x' }), 1);
    for (let count = 0; count < 1_000; count += 1) spool.refuse(refusal('10.0.0.1'), 100);
    spool.refuse(refusal('10.0.0.2', { method: 'ping', target: 'x' }), 1);
    spool.refuse(refusal('10.0.0.2', { reason: 'PARSE_ERROR' }), 1);
    spool.refuse(refusal('10.0.0.2', { credentialId: 'k' }), 2);
    spool.refuse(refusal('10.0.0.3', { credentialId: 'k' }), 2);
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
    spool.record(event(1));
    await flush();
    expect(spool.length).toBe(0);
    expect(await dropped()).toEqual({ executed: 1, refused: 0 });
  });

  test('is given up when the time is over, and says what is lost', async () => {
    const { spool, fail, lines } = world();
    fail(away);
    spool.record(event(1));
    await spool.flush(AbortSignal.timeout(10));
    await spool[Symbol.asyncDispose]();
    expect(lines.some((line) => line.includes('audit events are lost') && line.includes('"events":1'))).toBe(true);
  });
});
