import { AppError } from '@gantry/errors';
import { AuditEvent } from '@gantry/protocol/gantry/auth/v1/audit_service';
import { createLogger, createMetricsRegistry } from '@gantry/telemetry';
import { describe, expect, test } from 'vitest';

import { createGatewayMetrics } from '../metrics.ts';
import { BATCH_EVENTS_MAX, createAuditSpool, SPOOL_EVENTS_MAX } from './audit-spool.ts';

const event = (eventId: number | string) => AuditEvent.create({ eventId: String(eventId) });

function world() {
  const batches: string[][] = [];
  const lines: string[] = [];
  let failure: AppError | undefined;
  const metrics = createGatewayMetrics(createMetricsRegistry({ service: 'gateway' }), new Set());
  const spool = createAuditSpool({
    audit: {
      appendAuditEvents: async ({ events }) => {
        if (failure !== undefined) throw failure;
        batches.push(events.map(({ eventId }) => eventId));
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
    lines,
    fail: (error: AppError | undefined) => {
      failure = error;
    },
    dropped: async () => (await metrics.auditDropped.get()).values[0]?.value ?? 0,
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

  test('drops the oldest beyond ten thousand, counts them, and says so once', async () => {
    const { spool, batches, lines, fail, flush, dropped } = world();
    fail(away);
    for (let id = 0; id < SPOOL_EVENTS_MAX + 5; id += 1) spool.record(event(id));
    expect(spool.length).toBe(SPOOL_EVENTS_MAX);
    expect(await dropped()).toBe(5);
    expect(lines.filter((line) => line.includes('the audit spool is full'))).toHaveLength(1);
    fail(undefined);
    await flush();
    expect(batches.flat()).toHaveLength(SPOOL_EVENTS_MAX);
    expect(batches.flat().at(-1)).toBe(String(SPOOL_EVENTS_MAX + 4));
  });

  test('gives up events that auth refuses for good', async () => {
    const { spool, fail, flush, dropped } = world();
    fail(new AppError({ code: 'INVALID_ARGUMENT', reason: 'REQUEST_INVALID', message: 'the event is not valid' }));
    spool.record(event(1));
    await flush();
    expect(spool.length).toBe(0);
    expect(await dropped()).toBe(1);
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
