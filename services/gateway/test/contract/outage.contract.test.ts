import { AppError } from '@gantry/errors';
import { describe, expect, test, vi } from 'vitest';

import { GatewayFixture } from '../gateway-fixture.ts';

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
const callsByService = {
  context: ['context/get', { query: 'x' }],
  tool: ['tools/list', {}],
  resource: ['resources/list', {}],
} as const;

/** Milliseconds in which a service that is known to be away must be given up. */
const FAST_MS = 100;

describe('a service that is away', () => {
  test.each(['context', 'tool', 'resource'] as const)('%s: its methods fail at once, the others work', async (name) => {
    await using gateway = await GatewayFixture.start();
    await gateway.stop(name);
    const [method, params] = callsByService[name];
    await vi.waitFor(async () => {
      const { error } = await gateway.call(method, params);
      expect(error).toMatchObject({
        code: -32603,
        data: { reason: 'CIRCUIT_OPEN', retry_after_ms: expect.any(Number) },
      });
    });
    // The breaker may be about to let one through, which takes longer: the fastest of some counts.
    const durationsMs: number[] = [];
    for (let asked = 0; asked < 5; asked += 1) {
      const startedAtMs = performance.now();
      const answer = await gateway.post({ jsonrpc: '2.0', id: 1, method, params });
      durationsMs.push(performance.now() - startedAtMs);
      expect(answer.status).toBe(200);
      expect(answer.json.error?.code).toBe(-32603);
    }
    expect(Math.min(...durationsMs)).toBeLessThan(FAST_MS);
    for (const [other, [otherMethod, otherParams]] of Object.entries(callsByService)) {
      if (other !== name) expect(await gateway.result(otherMethod, otherParams)).toBeTruthy();
    }
  });

  test('that hangs is given up at the deadline', async () => {
    await using gateway = await GatewayFixture.start({
      env: { GATEWAY_REQUEST_TIMEOUT_SECONDS: '0.3' },
      overrides: { context: { getContext: () => new Promise(() => undefined) } },
    });
    const answer = await gateway.post({ jsonrpc: '2.0', id: 1, method: 'context/get', params: { query: 'x' } });
    expect(answer.status).toBe(200);
    expect(answer.json.error).toMatchObject({ code: -32603, data: { reason: 'DEADLINE_TOO_SHORT' } });
  });

  test('is told when a native client hangs up, and not when a legacy client does', async () => {
    const aborted: string[] = [];
    const begun: string[] = [];
    await using gateway = await GatewayFixture.start({
      overrides: {
        context: {
          getContext: ({ query }, { signal }) =>
            new Promise((resolve, reject) => {
              begun.push(query);
              signal.addEventListener('abort', () => {
                aborted.push(query);
                reject(signal.reason);
              });
              // Ends by itself, so that nothing is left when the test is over.
              setTimeout(() => resolve({ items: [], total: 0n, queryId: '' }), 1_000).unref();
            }),
        },
      },
    });
    const post = (query: string, headers: Record<string, string>) => {
      const controller = new AbortController();
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'context/get', params: { query } });
      const common = { 'content-type': 'application/json', authorization: `Bearer ${gateway.key}` };
      const options = { method: 'POST', body, headers: { ...common, ...headers }, signal: controller.signal };
      void fetch(gateway.httpUrl, options).catch(() => undefined);
      return controller;
    };
    const native = post('native', {});
    const legacy = post('legacy', { 'mcp-protocol-version': '2025-11-25' });
    await vi.waitFor(() => expect(begun).toHaveLength(2));
    native.abort();
    legacy.abort();
    await vi.waitFor(() => expect(aborted).toEqual(['native']));
    await vi.waitFor(() => {
      const outcomes = gateway.auth.events.filter(({ method }) => method === 'context/get').map(({ reason }) => reason);
      expect(outcomes.toSorted()).toEqual(['', 'CANCELLED']);
    }, 5_000);
  });
});

describe('auth that is away', () => {
  test('is told at once to whoever would send much, and costs nothing', async () => {
    await using gateway = await GatewayFixture.start();
    gateway.auth.failure = new AppError({
      code: 'UNAVAILABLE',
      reason: 'DATABASE_LOST',
      message: 'the database is away',
    });
    const pad = (length: number) => JSON.stringify({ ...ping, params: { pad: 'x'.repeat(length) } });
    const long = await gateway.post(pad(100_000), { key: gateway.auth.addKey() });
    expect([long.status, long.json.id]).toEqual([503, null]);
    const short = await gateway.post(pad(100), { key: gateway.auth.addKey() });
    expect([short.status, short.json.id]).toEqual([200, 1]);
  });

  test('is an error in-band, and the gateway says it is degraded, until auth is back', async () => {
    await using gateway = await GatewayFixture.start();
    gateway.platform.readiness.markStarted();
    expect((await gateway.platform.readiness.report()).status).toBe('ready');
    await gateway.stop('auth');
    await vi.waitFor(async () => expect((await gateway.platform.readiness.report()).status).toBe('degraded'), 5_000);
    const answer = await gateway.post(ping, { key: gateway.auth.addKey() });
    expect(answer.status).toBe(200);
    expect(answer.json.error).toMatchObject({
      code: -32603,
      data: { reason: expect.stringMatching(/SERVICE_UNAVAILABLE|CIRCUIT_OPEN/) },
    });
    await gateway.restart('auth');
    await vi.waitFor(async () => expect((await gateway.post(ping)).json.result).toEqual({}), 10_000);
    // Nothing that happened meanwhile is lost.
    await vi.waitFor(() => expect(gateway.auth.events.some(({ outcome }) => outcome === 3)).toBe(true), 10_000);
  });

  test('forgets a key whose assertion a service refuses', async () => {
    await using gateway = await GatewayFixture.start({
      overrides: {
        context: {
          getContext: () =>
            Promise.reject(
              new AppError({ code: 'UNAUTHENTICATED', reason: 'ASSERTION_EXPIRED', message: 'it has expired' }),
            ),
        },
      },
    });
    await gateway.post(ping);
    expect(gateway.auth.authenticateCount).toBe(1);
    const answer = await gateway.post({ jsonrpc: '2.0', id: 1, method: 'context/get', params: { query: 'x' } });
    expect([answer.status, answer.json.error?.code, answer.json.error?.data?.['reason']]).toEqual([
      200,
      -32603,
      'ASSERTION_REFUSED',
    ]);
    await gateway.post(ping);
    expect(gateway.auth.authenticateCount).toBe(2);
  });
});
