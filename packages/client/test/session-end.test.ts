import { type AddressInfo, createServer } from 'node:net';

import { status } from '@grpc/grpc-js';
import { expect, test, vi } from 'vitest';

import { connect, type ConnectOptions, type Session, SessionError, type SessionState } from '../src/index.ts';
import { type Ending, FakeGateway } from './fake-gateway.ts';

async function start(options: Partial<ConnectOptions> = {}) {
  const gateway = await FakeGateway.start();
  const session = connect({ target: gateway.target, apiKey: 'key', ...options });
  return {
    gateway,
    session,
    async [Symbol.asyncDispose]() {
      gateway.answerAll();
      await session.close();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

const isReady = (session: Session) => vi.waitFor(() => expect(session.state).toBe('ready'), { timeout: 5_000 });

/** An address that nobody listens at. */
async function nobody(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

const refusals: readonly Ending[] = [
  { code: status.FAILED_PRECONDITION, reason: 'PROTOCOL_VERSION_UNSUPPORTED' },
  { code: status.INVALID_ARGUMENT, reason: 'PROTOCOL_VERSION_INVALID' },
  { code: status.UNAUTHENTICATED, reason: 'CREDENTIAL_INVALID' },
];

test.each(refusals)('a session that is refused with $reason has run nothing', async (refusal) => {
  await using gateway = await FakeGateway.start();
  gateway.refuseNext(refusal);
  await using session = connect({ target: gateway.target, apiKey: 'key' });
  await expect(session.request('ping')).rejects.toMatchObject({ reason: refusal.reason, mayHaveRun: false });
  await expect(session.request('ping')).rejects.toMatchObject({ reason: refusal.reason, mayHaveRun: false });
});

test('a session that is refused without a reason has run nothing', async () => {
  await using gateway = await FakeGateway.start();
  gateway.refuseNext({ code: status.UNIMPLEMENTED });
  await using session = connect({ target: gateway.target, apiKey: 'key' });
  await expect(session.request('ping')).rejects.toMatchObject({ reason: 'SESSION_REFUSED', mayHaveRun: false });
});

test('a key that is revoked ends what was sent, which may have run, and what waits, which was not', async () => {
  await using world = await start({ inFlightMax: 1 });
  const [sent, waiting] = [world.session.request('ping'), world.session.request('ping')];
  await vi.waitFor(() => expect(world.gateway.messages).toHaveLength(1));
  world.gateway.end({ code: status.UNAUTHENTICATED, reason: 'CREDENTIAL_REVOKED' });
  await Promise.all([
    expect(sent).rejects.toMatchObject({ reason: 'CREDENTIAL_REVOKED', mayHaveRun: true }),
    expect(waiting).rejects.toMatchObject({ reason: 'CREDENTIAL_REVOKED', mayHaveRun: false }),
  ]);
});

test('a request that was lost once may have run, whatever the next stream is refused with', async () => {
  await using world = await start();
  const request = world.session.request('ping', {}, { idempotent: true });
  await vi.waitFor(() => expect(world.gateway.messages).toHaveLength(1));
  world.gateway.refuseNext({ code: status.UNAUTHENTICATED, reason: 'CREDENTIAL_INVALID' });
  world.gateway.end({ code: status.UNAVAILABLE });
  await expect(request).rejects.toMatchObject({ reason: 'CREDENTIAL_INVALID', mayHaveRun: true });
});

test('a request that was not begun is sent again as if it never was', async () => {
  await using world = await start();
  const request = world.session.request('ping', {}, { idempotent: true });
  for (const ending of ['GATEWAY_DRAINING', 'SESSION_AGED', undefined]) {
    await vi.waitFor(() => expect(world.gateway.messages).toHaveLength(1), { timeout: 5_000 });
    world.gateway.frames.splice(0);
    world.gateway.end({ code: status.UNAVAILABLE, ...(ending === undefined ? {} : { reason: ending }) });
  }
  await vi.waitFor(() => expect(world.gateway.messages).toHaveLength(1), { timeout: 5_000 });
  world.gateway.answerAll();
  expect(await request).toEqual({ id: expect.any(Number) });
});

test('while auth cannot be asked a session opens nothing, has run nothing, and goes on trying', async () => {
  await using gateway = await FakeGateway.start();
  gateway.refuseNext({ code: status.UNAVAILABLE, reason: 'SERVICE_UNAVAILABLE' }, undefined);
  await using session = connect({ target: gateway.target, apiKey: 'key' });
  const heard: unknown[] = [];
  session.onStateChange((state, cause) => heard.push([state, cause]));
  await isReady(session);
  expect(heard).toEqual([
    ['connecting', expect.objectContaining({ reason: 'SERVICE_UNAVAILABLE', mayHaveRun: false })],
    ['ready', undefined],
  ]);
});

test('what is in flight when a session is closed for good may have run', async () => {
  await using world = await start({ sessions: 2 });
  await isReady(world.session);
  const requests = [1, 2].map(() => world.session.request('ping'));
  await vi.waitFor(() => expect(world.gateway.messages).toHaveLength(2), { timeout: 5_000 });
  world.gateway.end({ code: status.UNAUTHENTICATED, reason: 'CREDENTIAL_REVOKED' });
  await Promise.all(requests.map((request) => expect(request).rejects.toMatchObject({ mayHaveRun: true })));
});

test('each try to reach a gateway that is not there is told of, with why', async () => {
  const target = await nobody();
  await using session = connect({ target, apiKey: 'key' });
  const states: SessionState[] = [];
  const causes: unknown[] = [];
  session.onStateChange((state, cause) => {
    states.push(state);
    causes.push(cause);
  });
  await vi.waitFor(() => expect(states.length).toBeGreaterThan(1), { timeout: 5_000 });
  expect(new Set(states)).toEqual(new Set(['connecting']));
  const failed = { reason: 'CONNECTION_FAILED', message: expect.stringContaining('ECONNREFUSED'), mayHaveRun: false };
  expect(causes[0]).toBeInstanceOf(SessionError);
  expect(causes[0]).toMatchObject(failed);
});

test('a request that waits for a gateway that is not there says where it was looked for, and why it failed', async () => {
  const target = await nobody();
  await using session = connect({ target, apiKey: 'key' });
  await new Promise<void>((resolve) => session.onStateChange(() => resolve()));
  await expect(session.request('ping', {}, { timeoutMs: 10 })).rejects.toMatchObject({
    reason: 'REQUEST_TIMED_OUT',
    message: `the session could not be opened within 10 ms; is there a gateway at ${target}?`,
    mayHaveRun: false,
    cause: { reason: 'CONNECTION_FAILED' },
  });
});

test('somebody who takes the connection and says nothing is given up on, and that is told', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    await using session = connect({ target: `127.0.0.1:${port}`, apiKey: 'key' });
    const told = new Promise<unknown>((resolve) => session.onStateChange((_state, cause) => resolve(cause)));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await told).toMatchObject({
      reason: 'CONNECTION_FAILED',
      message: expect.stringContaining('nobody answered within 10000 ms'),
    });
  } finally {
    vi.useRealTimers();
    server.close();
  }
});

test('a request that waits for its turn or its answer says that it did', async () => {
  await using world = await start({ inFlightMax: 1 });
  await isReady(world.session);
  const sent = world.session.request('ping', {}, { timeoutMs: 200 });
  const waiting = world.session.request('ping', {}, { timeoutMs: 100 });
  const message = expect.stringContaining('there was no answer within');
  await Promise.all([
    expect(waiting).rejects.toMatchObject({ message, mayHaveRun: false }),
    expect(sent).rejects.toMatchObject({ message, mayHaveRun: true }),
  ]);
});

test('what is refused says what to do', async () => {
  await using world = await start({ inFlightMax: 1, queuedMax: 1 });
  await isReady(world.session);
  const taken = [world.session.request('ping'), world.session.request('ping')];
  await expect(world.session.request('ping')).rejects.toMatchObject({
    message: 'no more requests may wait (at most 1, of 64 MiB together); await some, or open more sessions',
  });
  for (let count = 0; count < taken.length; count += 1) {
    await vi.waitFor(() => expect(world.gateway.messages).toHaveLength(1));
    world.gateway.answerAll();
  }
  await Promise.all(taken);
  await world.session.close();
  await expect(world.session.request('ping')).rejects.toMatchObject({
    message: 'the session was closed; open another with connect()',
  });
});

test.each([undefined, ''])('connect says what a target is when there is %j for one', (target) => {
  const options = { target, apiKey: 'key' } as unknown as ConnectOptions;
  expect(() => connect(options)).toThrow("target must be the gateway's gRPC address, e.g. 127.0.0.1:50051");
});
