import { AppError } from '@gantry/errors';
import { describe, expect, test, vi } from 'vitest';

import { GatewayFixture } from '../gateway-fixture.ts';

const away = new AppError({ code: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE', message: 'the database is away' });

/** A gateway in strict mode whose executed questions are counted and whose appends can be held. */
async function startStrict() {
  const asked: string[] = [];
  const fixture = await GatewayFixture.start({
    env: { GATEWAY_AUDIT_MODE: 'strict' },
    overrides: {
      context: {
        getContext: async ({ query }) => {
          asked.push(query);
          return { items: [], total: 0n, queryId: 'q' };
        },
      },
    },
  });
  return { fixture, asked, [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose]() };
}

/** Makes auth wait before it stores events; returns the sizes of the batches that came, and what lets them go on. */
function holdAppends({ auth }: GatewayFixture) {
  const gate = Promise.withResolvers<void>();
  const sizes: number[] = [];
  auth.beforeAppend = async (events) => {
    sizes.push(events.length);
    await gate.promise;
  };
  return { sizes, release: gate.resolve };
}

/** Waits until the gateway knows that the audit log cannot be written. */
async function untilRefusing({ platform }: GatewayFixture): Promise<void> {
  await vi.waitFor(async () => {
    const refusing = await platform.metrics.getSingleMetric('gantry_audit_refusing')?.get();
    expect(refusing?.values[0]?.value).toBe(1);
  });
}

describe('a gateway in strict mode', () => {
  test('answers when the event is durable, and not before', async () => {
    await using world = await startStrict();
    const { fixture, asked } = world;
    const { sizes, release } = holdAppends(fixture);
    let isAnswered = false;
    const answer = fixture.result('context/get', { query: 'x' }).finally(() => (isAnswered = true));
    await vi.waitFor(() => expect(sizes).toEqual([1]));
    expect([asked, isAnswered, fixture.auth.events.length]).toEqual([['x'], false, 0]);
    release();
    expect(await answer).toBeTruthy();
    expect(fixture.auth.events.map(({ method }) => method)).toEqual(['context/get']);
  });

  test.each([
    ['a method that does not exist', 'no/such', 'METHOD_NOT_FOUND'],
    ['parameters that are wrong', 'context/get', 'PARAMS_INVALID'],
  ])('answers %s when that is durable, too', async (_, method, reason) => {
    await using world = await startStrict();
    const { fixture } = world;
    const { sizes, release } = holdAppends(fixture);
    let isAnswered = false;
    const answer = fixture.call(method, {}).finally(() => (isAnswered = true));
    await vi.waitFor(() => expect(sizes).toEqual([1]));
    expect(isAnswered).toBe(false);
    release();
    expect((await answer).error?.data).toMatchObject({ reason });
    expect(fixture.auth.events.map((event) => event.reason)).toEqual([reason]);
  });

  test('lets requests that come during an append share the next ones', async () => {
    await using world = await startStrict();
    const { fixture, asked } = world;
    const { sizes, release } = holdAppends(fixture);
    const first = fixture.result('ping');
    await vi.waitFor(() => expect(sizes).toEqual([1]));
    const others = Array.from({ length: 30 }, (_, id) => fixture.result('context/get', { query: String(id) }));
    await vi.waitFor(() => expect(asked).toHaveLength(30));
    expect(sizes).toEqual([1]);
    release();
    await Promise.all([first, ...others]);
    expect(fixture.auth.events).toHaveLength(31);
    expect(sizes.length).toBeLessThan(10);
  });

  test('refuses whoever has no key at once', async () => {
    await using world = await startStrict();
    const { fixture } = world;
    const { sizes, release } = holdAppends(fixture);
    expect((await fixture.post({ jsonrpc: '2.0', id: 1, method: 'ping' }, { key: null })).status).toBe(401);
    await vi.waitFor(() => expect(sizes).toEqual([1]));
    release();
  });

  test('says that a request may have run when its event is not durable, executes nothing more, and recovers', async () => {
    await using world = await startStrict();
    const { fixture, asked } = world;
    fixture.auth.beforeAppend = () => Promise.reject(away);
    const pending = fixture.call('context/get', { query: 'first' });
    await untilRefusing(fixture);
    expect((await fixture.call('context/get', { query: 'refused' })).error).toMatchObject({
      code: -32603,
      message: 'nothing was done, because the audit log cannot be written; try again in a moment',
      data: { reason: 'AUDIT_UNAVAILABLE', may_have_run: false, retry_after_ms: 1_000 },
    });
    expect(asked).not.toContain('refused');
    const { error } = await pending;
    expect(error).toMatchObject({ code: -32603, data: { reason: 'AUDIT_UNAVAILABLE', may_have_run: true } });
    expect(error?.message).toContain('may have been carried out');
    expect(error?.data).not.toHaveProperty('retry_after_ms');
    fixture.auth.beforeAppend = async () => undefined;
    await vi.waitFor(async () => expect(await fixture.result('context/get', { query: 'again' })).toBeTruthy(), 5_000);
    expect(fixture.auth.events.filter(({ reason }) => reason === '').length).toBeGreaterThanOrEqual(2);
  });

  test('writes down what it refused meanwhile', async () => {
    await using world = await startStrict();
    const { fixture } = world;
    fixture.auth.beforeAppend = () => Promise.reject(away);
    const pending = fixture.call('ping');
    await untilRefusing(fixture);
    expect((await fixture.call('ping')).error?.data).toMatchObject({ may_have_run: false });
    fixture.auth.beforeAppend = async () => undefined;
    expect(await pending).toHaveProperty('result');
    await fixture.auditedCount();
    expect(fixture.auth.events.map(({ reason }) => reason)).toContain('AUDIT_UNAVAILABLE');
  });
});

test('a gateway in async mode answers before the event is durable', async () => {
  await using fixture = await GatewayFixture.start();
  const { sizes, release } = holdAppends(fixture);
  expect(await fixture.result('ping')).toEqual({});
  expect(fixture.auth.events).toHaveLength(0);
  await vi.waitFor(() => expect(sizes).toEqual([1]));
  expect(await fixture.result('ping')).toEqual({});
  release();
  expect(await fixture.auditedCount()).toBe(2);
});
