import { expect, test, vi } from 'vitest';

import { connect, type ConnectOptions, type Session } from '../src/index.ts';
import { FakeGateway } from './fake-gateway.ts';

async function start(options: Partial<ConnectOptions> = {}) {
  const gateway = await FakeGateway.start();
  const session = connect({ target: gateway.target, apiKey: 'key', ...options });
  await vi.waitFor(() => expect(session.state).toBe('ready'), { timeout: 5_000 });
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

const ask = (session: Session, count: number) =>
  Array.from({ length: count }, (_, index) => session.request('ping', { index }));

test('what is sent in one turn is one frame', async () => {
  await using world = await start();
  const answers = ask(world.session, 200);
  world.session.notify('notifications/initialized');
  await vi.waitFor(() => expect(world.gateway.messages).toHaveLength(201));
  expect(world.gateway.frames).toHaveLength(1);
  world.gateway.answerAll();
  expect(await Promise.all(answers)).toHaveLength(200);
});

test('a frame is cut at 256 KiB', async () => {
  await using world = await start();
  const text = 'x'.repeat(100 * 1024);
  const answers = Array.from({ length: 7 }, () => world.session.request('ping', { text }));
  await vi.waitFor(() => expect(world.gateway.frames.map(({ length }) => length)).toEqual([3, 3, 1]));
  world.gateway.answerAll();
  await Promise.all(answers);
});

test('no more is in flight than may be, and the rest follows', async () => {
  await using world = await start({ inFlightMax: 3 });
  const answers = ask(world.session, 8);
  for (const expected of [3, 3, 2]) {
    await vi.waitFor(() => expect(world.gateway.messages).toHaveLength(expected));
    world.gateway.answerAll();
  }
  expect(await Promise.all(answers)).toHaveLength(8);
});

test('several streams are given as much each', async () => {
  await using world = await start({ sessions: 2, inFlightMax: 2 });
  const answers = ask(world.session, 4);
  await vi.waitFor(() =>
    expect(world.gateway.messages.map(({ id }) => String(id)).toSorted()).toEqual(['1', '1', '2', '2']),
  );
  world.gateway.answerAll();
  await Promise.all(answers);
});

test('requests of the gateway are answered: ping by itself, others by the handler, none without one', async () => {
  await using world = await start();
  const answered = async (id: string) => {
    await vi.waitFor(() => expect(world.gateway.messages.map((message) => message['id'])).toContain(id));
    return world.gateway.messages.find((message) => message['id'] === id);
  };
  world.gateway.send({ jsonrpc: '2.0', id: 'a', method: 'ping' });
  expect(await answered('a')).toEqual({ jsonrpc: '2.0', id: 'a', result: {} });
  world.gateway.send({ jsonrpc: '2.0', id: 'b', method: 'roots/list' });
  expect(await answered('b')).toMatchObject({ error: { code: -32601 } });
  world.session.onRequest((method, params) => ({ method, params }));
  world.gateway.send({ jsonrpc: '2.0', id: 'c', method: 'roots/list', params: { a: 1 } });
  expect(await answered('c')).toMatchObject({ result: { method: 'roots/list', params: { a: 1 } } });
  world.session.onRequest(() => {
    throw new Error('a secret');
  });
  world.gateway.send({ jsonrpc: '2.0', id: 'd', method: 'roots/list' });
  const failed = await answered('d');
  expect(failed).toMatchObject({ error: { code: -32603 } });
  expect(JSON.stringify(failed)).not.toContain('secret');
});

test('an answer may have its members in any order, and more of them', async () => {
  await using world = await start();
  const answers = ask(world.session, 2);
  await vi.waitFor(() => expect(world.gateway.messages).toHaveLength(2));
  world.gateway.send(
    '{"result":{"a":[1]},"id":1,"jsonrpc":"2.0"}',
    '{"id":2,"error":{"code":7,"message":"m"},"jsonrpc":"2.0"}',
  );
  expect(await answers[0]).toEqual({ a: [1] });
  await expect(answers[1]).rejects.toMatchObject({ code: 7, message: 'm', data: undefined });
});

test('what makes no sense is ignored, and answers to nobody too', async () => {
  await using world = await start();
  const heard: unknown[] = [];
  const stop = world.session.onNotification((method, params) => heard.push([method, params]));
  const [answer] = ask(world.session, 1);
  await vi.waitFor(() => expect(world.gateway.messages).toHaveLength(1));
  world.gateway.send('{', '[]', '1', '{"jsonrpc":"2.0","id":99,"result":1}', '{"jsonrpc":"2.0","id":"x","error":{}}');
  world.gateway.send({ jsonrpc: '2.0', method: 'notifications/a' });
  world.gateway.answerAll();
  expect(await answer).toEqual({ id: 1 });
  stop();
  world.gateway.send({ jsonrpc: '2.0', method: 'notifications/b' });
  expect(heard).toEqual([['notifications/a', undefined]]);
});

test('an error that is about nobody knows what gives every request on the stream an end', async () => {
  await using world = await start();
  const [answer] = ask(world.session, 1);
  await vi.waitFor(() => expect(world.gateway.messages).toHaveLength(1));
  world.gateway.send({ jsonrpc: '2.0', id: null, error: { code: 7, message: 'it nests too deep' } });
  await expect(answer).rejects.toMatchObject({ reason: 'CONNECTION_LOST' });
});
