import { connect, type ConnectOptions, JsonRpcError, type Session, type SessionState } from '@gantry/client';
import { callTool, followResource } from '@gantry/client/examples/call-a-tool';
import { startTcpProxy } from '@gantry/testkit';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { GatewayFixture } from '../gateway-fixture.ts';

let gateway: GatewayFixture;

beforeAll(async () => {
  gateway = await GatewayFixture.start();
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

function open(fixture: GatewayFixture, options: Partial<ConnectOptions> = {}): Session {
  return connect({ target: fixture.grpcTarget, apiKey: fixture.key, ...options });
}

/** A gateway whose context/get waits for `release`, behind a wire that can be cut. */
async function startGated() {
  const release = Promise.withResolvers<void>();
  const begun: string[] = [];
  const aborted: string[] = [];
  const fixture = await GatewayFixture.start({
    overrides: {
      context: {
        getContext: async ({ query }, { signal }) => {
          begun.push(query);
          const gone = new Promise<never>((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              aborted.push(query);
              reject(signal.reason);
            });
          });
          await Promise.race([release.promise, gone]);
          return { items: [], total: 0n, queryId: query };
        },
      },
    },
  });
  const proxy = await startTcpProxy(fixture.grpcTarget);
  return {
    fixture,
    proxy,
    begun,
    aborted,
    release: release.resolve,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await fixture[Symbol.asyncDispose]();
    },
  };
}

const ask = (session: Session, query: string, options = {}) => session.request('context/get', { query }, options);

async function sessionsOf(fixture: GatewayFixture): Promise<number | undefined> {
  return (await fixture.platform.metrics.getSingleMetric('gantry_gateway_sessions')?.get())?.values[0]?.value;
}

describe('a request', () => {
  test('resolves with the result', async () => {
    await using session = open(gateway);
    expect(await session.request('context/get', { query: 'x' })).toMatchObject({ total: 12 });
  });

  test('resolves with the text of the result, as the gateway wrote it', async () => {
    await using session = open(gateway);
    const text = await session.requestText('tools/call', '{"name":"echo","arguments":{"message":"hi"}}');
    expect(text).toContain('9007199254740993');
  });

  test('rejects with the error that it is answered with', async () => {
    await using session = open(gateway);
    const failed = session.request('resources/get', { uri: 'file:///no' });
    await expect(failed).rejects.toBeInstanceOf(JsonRpcError);
    await expect(failed).rejects.toMatchObject({ code: -32002, data: { reason: 'RESOURCE_NOT_FOUND' } });
  });

  test('whose text is not JSON rejects, and the others do not', async () => {
    await using session = open(gateway);
    const broken = session.requestText('ping', '{');
    const sound = session.requestText('ping', '{}');
    await expect(broken).rejects.toMatchObject({ code: -32700 });
    expect(await sound).toBe('{}');
  });

  test('that is too long rejects before it is sent', async () => {
    await using session = open(gateway);
    const request = session.request('ping', { text: 'x'.repeat(4 * 1024 * 1024) });
    await expect(request).rejects.toMatchObject({ reason: 'MESSAGE_TOO_LARGE', mayHaveRun: false });
  });

  test('of a thousand at once is answered, over one stream or several', async () => {
    await using one = open(gateway);
    await using several = open(gateway, { sessions: 3 });
    for (const session of [one, several]) {
      const results = await Promise.all(
        Array.from({ length: 1_000 }, (_, index) => session.request('context/get', { query: `${index}` })),
      );
      expect(results).toHaveLength(1_000);
    }
    expect(await sessionsOf(gateway)).toBe(4);
  });

  test('that is given up rejects at once with the reason, and the gateway is told', async () => {
    await using world = await startGated();
    await using session = open(world.fixture);
    const controller = new AbortController();
    const request = ask(session, 'a', { signal: controller.signal });
    await vi.waitFor(() => expect(world.begun).toEqual(['a']));
    const reason = new Error('nobody waits');
    controller.abort(reason);
    await expect(request).rejects.toBe(reason);
    await vi.waitFor(() => expect(world.aborted).toEqual(['a']));
    expect(await session.request('ping')).toEqual({});
  });

  test('that is given up before it was sent never is', async () => {
    await using world = await startGated();
    await using session = open(world.fixture, { inFlightMax: 1 });
    const first = ask(session, 'a');
    await vi.waitFor(() => expect(world.begun).toEqual(['a']));
    await expect(ask(session, 'b', { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
    const waiting = ask(session, 'c', { timeoutMs: 10 });
    await expect(waiting).rejects.toMatchObject({ reason: 'REQUEST_TIMED_OUT', mayHaveRun: false });
    world.release();
    await first;
    await ask(session, 'd');
    expect(world.begun).toEqual(['a', 'd']);
  });

  test('that takes too long rejects', async () => {
    await using world = await startGated();
    await using session = open(world.fixture);
    const request = ask(session, 'a', { timeoutMs: 200 });
    await expect(request).rejects.toMatchObject({ reason: 'REQUEST_TIMED_OUT' });
    await vi.waitFor(() => expect(world.aborted).toEqual(world.begun));
  });

  test('beyond the queue rejects with what to do', async () => {
    await using world = await startGated();
    await using session = open(world.fixture, { inFlightMax: 1, queuedMax: 2 });
    await session.request('ping');
    const taken = [ask(session, 'a'), ask(session, 'b'), ask(session, 'c')];
    await expect(ask(session, 'd')).rejects.toMatchObject({ reason: 'SESSION_QUEUE_FULL', mayHaveRun: false });
    world.release();
    expect(await Promise.all(taken)).toMatchObject([{ query_id: 'a' }, { query_id: 'b' }, { query_id: 'c' }]);
  });
});

describe('what comes from the gateway', () => {
  test('notifications are heard, and unsubscribing meets the stream that was subscribed on', async () => {
    await using session = open(gateway, { sessions: 3 });
    const heard: unknown[] = [];
    session.onNotification((method, params) => heard.push([method, params]));
    const uri = 'file:///client-pushed';
    gateway.resources.change(uri, 'v1');
    const subscribed = await session.request('resources/subscribe', { uri });
    gateway.resources.change(uri, 'v2');
    const { subscriptionId } = subscribed as { subscriptionId: string };
    await vi.waitFor(() => expect(heard).toEqual([['notifications/resources/updated', { uri, subscriptionId }]]));
    await session.request('resources/unsubscribe', { uri });
    await vi.waitFor(() => expect(gateway.resources.watcherCount).toBe(0));
  });

  test('pings are answered', async () => {
    await using fixture = await GatewayFixture.start({ limits: { checkIntervalMs: 500 } });
    await using session = open(fixture);
    const states: SessionState[] = [];
    session.onStateChange((state) => states.push(state));
    const pings = async () =>
      (await fixture.platform.metrics.getSingleMetric('mcp_requests_total')?.get())?.values ?? [];
    await session.request('ping');
    // Each answer goes through the pipeline like any other message; the session outlives many of them.
    await vi.waitFor(() => expect(fixture.auth.authenticateCount).toBeGreaterThan(0));
    for (let count = 0; count < 20; count += 1) await session.request('context/get', { query: 'x' });
    expect(states).toEqual(['ready']);
    expect((await pings()).length).toBeGreaterThan(0);
  });
});

describe('a stream that breaks', () => {
  test('is opened again: what was in flight is lost unless it may run twice, what was not is sent', async () => {
    await using world = await startGated();
    await using session = open(world.fixture, { target: world.proxy.address, inFlightMax: 2 });
    const states: SessionState[] = [];
    session.onStateChange((state) => states.push(state));
    const lost = ask(session, 'lost');
    const repeated = ask(session, 'repeated', { idempotent: true });
    const queued = ask(session, 'queued');
    await vi.waitFor(() => expect(world.begun.toSorted()).toEqual(['lost', 'repeated']));
    world.proxy.cut();
    await expect(lost).rejects.toMatchObject({ reason: 'CONNECTION_LOST', mayHaveRun: true, isRetryable: true });
    expect(session.state).toBe('connecting');
    world.release();
    world.proxy.heal();
    expect(await repeated).toMatchObject({ query_id: 'repeated' });
    expect(await queued).toMatchObject({ query_id: 'queued' });
    expect(states).toEqual(['ready', 'connecting', 'ready']);
    expect(world.begun.toSorted()).toEqual(['lost', 'queued', 'repeated', 'repeated']);
  });

  test('twice under a request that may run twice loses it', async () => {
    await using world = await startGated();
    await using session = open(world.fixture, { target: world.proxy.address });
    const request = ask(session, 'a', { idempotent: true });
    for (const times of [1, 2]) {
      await vi.waitFor(() => expect(world.begun).toHaveLength(times), { timeout: 10_000 });
      world.proxy.cut();
      world.proxy.heal();
    }
    await expect(request).rejects.toMatchObject({ reason: 'CONNECTION_LOST' });
  });

  test('because the gateway stops loses nothing: all that it has begun is answered first', async () => {
    await using world = await startGated();
    await using session = open(world.fixture);
    const request = ask(session, 'a');
    await vi.waitFor(() => expect(world.begun).toEqual(['a']));
    const changed = new Promise<unknown>((resolve) => {
      session.onStateChange((state, cause) => state === 'connecting' && resolve(cause));
    });
    const drained = world.fixture.gateway.drain();
    world.release();
    expect(await request).toMatchObject({ query_id: 'a' });
    expect(await changed).toMatchObject({ reason: 'GATEWAY_DRAINING', mayHaveRun: false });
    await drained;
  });
});

describe('a session ends', () => {
  test('for good when its key is not taken', async () => {
    await using session = open(gateway, { apiKey: gateway.auth.addKey({}, 'expired') });
    const refused = { code: 'UNAUTHENTICATED', reason: 'CREDENTIAL_EXPIRED', isRetryable: false };
    await expect(session.request('ping')).rejects.toMatchObject(refused);
    expect(session.state).toBe('closed');
    await expect(session.request('ping')).rejects.toMatchObject(refused);
  });

  test('for good when its key is revoked', async () => {
    const apiKey = gateway.auth.addKey({ credentialId: 'client-revoked' });
    await using session = open(gateway, { apiKey });
    await session.request('ping');
    gateway.auth.revoke(apiKey);
    await vi.waitFor(() => expect(session.state).toBe('closed'));
    await expect(session.request('ping')).rejects.toMatchObject({ reason: 'CREDENTIAL_REVOKED' });
  });

  test('when it is closed: what is in flight is answered, what waits is not sent', async () => {
    await using world = await startGated();
    const session = open(world.fixture, { inFlightMax: 1 });
    const inFlight = ask(session, 'a');
    await vi.waitFor(() => expect(world.begun).toEqual(['a']));
    const waiting = ask(session, 'b');
    const closed = session.close();
    await expect(waiting).rejects.toMatchObject({ reason: 'SESSION_CLOSED', mayHaveRun: false });
    await expect(ask(session, 'c')).rejects.toMatchObject({ reason: 'SESSION_CLOSED' });
    world.release();
    expect(await inFlight).toMatchObject({ query_id: 'a' });
    await closed;
    expect(session.state).toBe('closed');
    await vi.waitFor(async () => expect(await sessionsOf(world.fixture)).toBe(0));
    expect(world.begun).toEqual(['a']);
  });
});

test.each([{ sessions: 0 }, { sessions: 33 }, { inFlightMax: 1_025 }, { queuedMax: -1 }, { inFlightMax: 1.5 }])(
  'connect refuses %o',
  (options) => {
    expect(() => open(gateway, options)).toThrow(RangeError);
  },
);

describe('the example', () => {
  test('calls a tool a thousand times', async () => {
    const result = await callTool({ target: gateway.grpcTarget, apiKey: gateway.key });
    expect(result).toEqual({ succeeded: 1_000, problems: [] });
  });

  test('follows a resource', async () => {
    const uri = 'file:///example';
    gateway.resources.change(uri, 'v1');
    const stop = new AbortController();
    let changes = 0;
    const problems: unknown[] = [];
    const followed = followResource({ target: gateway.grpcTarget, apiKey: gateway.key }, uri, {
      onChange: () => (changes += 1),
      onProblem: (error) => problems.push(error),
      signal: stop.signal,
    });
    await vi.waitFor(() => expect(gateway.resources.watcherCount).toBe(1));
    gateway.resources.change(uri, 'v2');
    await vi.waitFor(() => expect(changes).toBe(1));
    stop.abort();
    await followed;
    expect(problems).toEqual([]);
  });
});
