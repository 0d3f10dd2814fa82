import { constants } from 'node:http2';

import { AppError } from '@gantry/errors';
import { status } from '@grpc/grpc-js';
import { afterAll, describe, expect, test, vi } from 'vitest';

import { gaugeOf, startGated } from '../gated-gateway.ts';
import { GatewayFixture } from '../gateway-fixture.ts';
import { ask, ping } from '../messages.ts';
import { SessionClient } from '../session-client.ts';
import { UnreadingClient } from '../unreading-client.ts';

const gateway = await GatewayFixture.start();
afterAll(() => gateway[Symbol.asyncDispose]());

/** Time enough to begin a request on a busy machine, and short enough to wait for. */
const SOON_MS = 2_000;

describe('sessions are limited', () => {
  test('by credential', async () => {
    await using fixture = await GatewayFixture.start({ limits: { sessions: { credentialSessionsMax: 1 } } });
    using client = await SessionClient.open(fixture);
    using second = new SessionClient(fixture.grpcTarget, { key: fixture.key });
    expect(await second.ended).toEqual({ code: status.RESOURCE_EXHAUSTED, reason: 'SESSION_LIMIT_REACHED' });
    client[Symbol.dispose]();
    await vi.waitFor(async () => expect(await gaugeOf(fixture, 'gantry_gateway_sessions')).toBe(0));
    using third = await SessionClient.open(fixture);
    expect(await third.call('ping')).toMatchObject({ result: {} });
  });

  test('by process', async () => {
    await using fixture = await GatewayFixture.start({ limits: { sessions: { sessionsMax: 1 } } });
    using _ = await SessionClient.open(fixture);
    using other = new SessionClient(fixture.grpcTarget, { key: fixture.auth.addKey({ credentialId: 'other' }) });
    expect(await other.ended).toEqual({ code: status.RESOURCE_EXHAUSTED, reason: 'SESSION_LIMIT_REACHED' });
  });
});

describe('a session ends', () => {
  test.each([
    ['no key', () => null, 'CREDENTIAL_MISSING'],
    ['something that is no key', () => 'nope', 'CREDENTIAL_INVALID'],
    ['an expired key', () => gateway.auth.addKey({}, 'expired'), 'CREDENTIAL_EXPIRED'],
    ['a revoked key', () => gateway.auth.addKey({}, 'revoked'), 'CREDENTIAL_REVOKED'],
  ])('UNAUTHENTICATED with %s, and is recorded', async (_name, key, reason) => {
    const before = await gateway.auditedCount();
    using client = new SessionClient(gateway.grpcTarget, { key: key() });
    client.send(ping(1));
    expect(await client.ended).toEqual({ code: status.UNAUTHENTICATED, reason });
    expect(client.received).toEqual([]);
    await vi.waitFor(() =>
      expect(gateway.auth.events.slice(before)).toMatchObject([{ reason, outcome: 2, transport: 'grpc' }]),
    );
  });

  test('UNAUTHENTICATED when its key is revoked', async () => {
    const key = gateway.auth.addKey({ credentialId: 'to-be-revoked' });
    using client = await SessionClient.open(gateway, { key });
    gateway.auth.revoke(key);
    expect(await client.ended).toEqual({ code: status.UNAUTHENTICATED, reason: 'CREDENTIAL_REVOKED' });
  });

  test('UNAVAILABLE when auth cannot be asked', async () => {
    const key = gateway.auth.addKey({ credentialId: 'unasked' });
    gateway.auth.failure = new AppError({ code: 'UNAVAILABLE', reason: 'DATABASE_LOST', message: 'it is away' });
    using client = new SessionClient(gateway.grpcTarget, { key });
    expect(await client.ended).toMatchObject({ code: status.UNAVAILABLE });
    gateway.auth.failure = undefined;
  });

  test('GATEWAY_DRAINING when the gateway stops, after what it has begun is answered', async () => {
    const { fixture, begun, open } = await startGated();
    await using _ = fixture;
    using client = await SessionClient.open(fixture);
    client.send(ask(1, 'a'));
    await begun(1);
    const drained = fixture.gateway.drain();
    open('a');
    expect(await client.ended).toEqual({ code: status.UNAVAILABLE, reason: 'GATEWAY_DRAINING' });
    expect(client.received).toMatchObject([{ id: 1, result: { query_id: 'a' } }]);
    await drained;
    expect(fixture.auth.events.filter(({ method }) => method === 'context/get')).toHaveLength(1);
  });

  test('SESSION_AGED when it is old, after what it has begun is answered', async () => {
    const { fixture, begun, open } = await startGated({ limits: { sessionAgeMs: SOON_MS } });
    await using _ = fixture;
    using client = await SessionClient.open(fixture);
    client.send(ask(1, 'a'));
    await begun(1);
    open('a');
    expect(await client.ended).toEqual({ code: status.UNAVAILABLE, reason: 'SESSION_AGED' });
    expect(client.received).toMatchObject([{ id: 1, result: { query_id: 'a' } }]);
  });

  test('PING_UNANSWERED when a client says nothing', async () => {
    await using fixture = await GatewayFixture.start({ limits: { checkIntervalMs: 100 } });
    using client = await SessionClient.open(fixture);
    expect(await client.next()).toEqual({ jsonrpc: '2.0', id: expect.any(String), method: 'ping' });
    expect(await client.ended).toEqual({ code: status.DEADLINE_EXCEEDED, reason: 'PING_UNANSWERED' });
  });

  test('not while the client answers pings', async () => {
    await using fixture = await GatewayFixture.start({ limits: { checkIntervalMs: 300 } });
    using client = await SessionClient.open(fixture);
    for (let count = 0; count < 5; count += 1) {
      const request = await client.next();
      if (Array.isArray(request)) throw new Error('a ping is no batch');
      client.send({ jsonrpc: '2.0', id: request.id, result: {} });
    }
    expect(await client.call('protocol/capabilities')).toMatchObject({ result: {} });
  });

  test('not while a client that has half-closed, and cannot answer pings, has answers to come', async () => {
    const { fixture, begun, open } = await startGated({ limits: { checkIntervalMs: 100 } });
    await using _ = fixture;
    using client = await SessionClient.open(fixture);
    client.send(ask(1, 'a'));
    await begun(1);
    client.stream.end();
    // Two checks take place while it waits.
    using other = await SessionClient.open(fixture);
    expect(await other.ended).toMatchObject({ reason: 'PING_UNANSWERED' });
    open('a');
    expect(await client.ended).toEqual({ code: status.OK, reason: undefined });
    expect(client.received.filter((message) => 'result' in message)).toMatchObject([
      { id: 1, result: { query_id: 'a' } },
    ]);
  });

  test('with a reset when a client reads nothing, and holds little until then', async () => {
    await using fixture = await GatewayFixture.start({ limits: { readerStuckMs: 2_000 } });
    using client = new UnreadingClient(fixture.grpcTarget, fixture.key);
    const request = { jsonrpc: '2.0', method: 'protocol/capabilities' };
    for (let id = 0; id < 20_000; id += 100) {
      client.send(Array.from({ length: 100 }, (_unused, index) => ({ ...request, id: id + index })));
    }
    let most = 0;
    let mostUnsent = 0;
    let isReset = false;
    void client.reset.then(() => (isReset = true));
    await vi.waitFor(
      async () => {
        most = Math.max(most, await gaugeOf(fixture, 'gantry_gateway_session_bytes'));
        mostUnsent = Math.max(mostUnsent, await gaugeOf(fixture, 'gantry_gateway_unsent_bytes'));
        expect(isReset).toBe(true);
      },
      { timeout: 20_000, interval: 20 },
    );
    expect(await client.reset).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    expect(most).toBeGreaterThan(0);
    expect(mostUnsent).toBeGreaterThan(0);
    expect(most).toBeLessThan(16 * 1024 * 1024);
    await vi.waitFor(async () => expect(await gaugeOf(fixture, 'gantry_gateway_session_bytes')).toBe(0));
    expect(await gaugeOf(fixture, 'gantry_gateway_sessions')).toBe(0);
    expect(await gaugeOf(fixture, 'gantry_gateway_unsent_bytes')).toBe(0);
  });
});
