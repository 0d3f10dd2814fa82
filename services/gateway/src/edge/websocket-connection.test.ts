import { EventEmitter } from 'node:events';

import { AppError } from '@gantry/errors';
import { fakeClock } from '@gantry/testkit';
import { expect, test, vi } from 'vitest';
import type { WebSocket } from 'ws';

import { PresentedCredential } from '../clients/presented-credential.ts';
import type { Answer, Pipeline } from '../pipeline/pipeline.ts';
import { createWebSocketLoad, CREDENTIAL_BYTES_MAX } from './connection-load.ts';
import { MESSAGES_QUEUED_MAX, READER_STUCK_MS, UNSENT_BYTES_MAX, UNSENT_BYTES_PAUSE } from './message-connection.ts';
import { WEBSOCKET_MESSAGES_IN_FLIGHT_MAX } from './message-window.ts';
import { createWebSocketConnection, WEBSOCKET_MESSAGE_BYTES_MAX } from './websocket-connection.ts';

/** What a connection uses of a socket, without a network: how full it is, is for the test to say. */
class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readonly CLOSED = 3;
  readonly readyState = 1;
  bufferedAmount = 0;
  isPaused = false;
  pings = 0;
  readonly ends: (number | 'terminated')[] = [];
  readonly sent: string[] = [];

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  ping(): void {
    this.pings += 1;
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(code: number): void {
    this.ends.push(code);
  }

  terminate(): void {
    this.ends.push('terminated');
  }
}

/** How many a connection begins with. */
const FRAMES_BEGUN = 16;

const done: Answer = { kind: 'one', reply: { idText: '1', resultText: '{}' }, dialect: 'native' };

function world(pipeline: Partial<Pipeline> = {}, load = createWebSocketLoad()) {
  const socket = new FakeSocket();
  const clock = fakeClock();
  const connection = createWebSocketConnection({
    // The fake has all that the connection uses.
    socket: socket as unknown as WebSocket,
    load,
    pipeline: {
      answer: async () => done,
      refuse: () => done,
      identify: () => new Promise(() => undefined),
      inFlight: 0,
      ...pipeline,
    },
    resources: { watchResource: async function* () {} },
    clock,
    requestTimeoutMs: 1_000,
    clientAddress: '',
    credential: new PresentedCredential(undefined),
    credentialId: 'k',
    dialect: 'native',
    parent: undefined,
  });
  let lastId = 0;
  const receive = () => {
    lastId += 1;
    socket.emit('message', Buffer.from(`{"jsonrpc":"2.0","id":${lastId},"method":"ping"}`), false);
  };
  return { socket, clock, connection, receive };
}

test('reading stops at as many messages as are worked on at once, and goes on when there is room', async () => {
  const gate = Promise.withResolvers<Answer>();
  let answers: Promise<Answer> = Promise.resolve(done);
  const { socket, connection, receive } = world({ answer: () => answers });
  for (let count = 0; count < 10; count += 1) receive();
  await expect.poll(() => socket.sent.splice(0).length).toBe(10);
  answers = gate.promise;
  for (let count = 0; count < WEBSOCKET_MESSAGES_IN_FLIGHT_MAX; count += 1) receive();
  expect(socket.isPaused).toBe(false);
  receive();
  expect(socket.isPaused).toBe(true);
  expect(connection.queuedBytes).toBeGreaterThan(0);
  gate.resolve(done);
  await expect.poll(() => socket.sent.length).toBe(WEBSOCKET_MESSAGES_IN_FLIGHT_MAX + 1);
  expect(socket.isPaused).toBe(false);
  expect(connection.queuedBytes).toBe(0);
});

test('a client that fills the queue although it is not read from is closed', () => {
  const { socket, connection, receive } = world({ answer: () => new Promise(() => undefined) });
  for (let count = 0; count < FRAMES_BEGUN + MESSAGES_QUEUED_MAX; count += 1) receive();
  expect(socket.ends).toEqual([]);
  expect(connection.queuedBytes).toBeGreaterThan(
    MESSAGES_QUEUED_MAX * '{"jsonrpc":"2.0","id":1,"method":"ping"}'.length,
  );
  receive();
  expect(socket.ends).toEqual([1008]);
  socket.emit('close');
  expect(connection.queuedBytes).toBe(0);
});

test('a client that does not read is not worked for, and then cut off', async () => {
  const { socket, receive } = world();
  socket.bufferedAmount = UNSENT_BYTES_MAX;
  receive();
  expect(socket.isPaused).toBe(true);
  expect(socket.sent).toEqual([]);
  socket.bufferedAmount = 0;
  receive();
  await expect.poll(() => socket.ends.length).toBe(0);
});

test('a client that lets answers pile up is cut off', async () => {
  const gate = Promise.withResolvers<Answer>();
  const { socket, receive } = world({ answer: () => gate.promise });
  receive();
  socket.bufferedAmount = UNSENT_BYTES_MAX + 1;
  gate.resolve(done);
  await expect.poll(() => socket.ends).toEqual(['terminated']);
});

test('long answers are worked on a few at a time, whatever is asked for', async () => {
  const long: Answer = {
    kind: 'one',
    reply: { idText: '1', resultText: `"${'x'.repeat(3 * 1024 * 1024)}"` },
    dialect: 'native',
  };
  const gates: PromiseWithResolvers<Answer>[] = [];
  const { socket, receive } = world({
    answer: () => {
      const gate = Promise.withResolvers<Answer>();
      gates.push(gate);
      return gate.promise;
    },
  });
  for (let count = 0; count < 64; count += 1) receive();
  expect(gates).toHaveLength(FRAMES_BEGUN);
  for (const gate of gates.splice(0)) gate.resolve(long);
  await expect.poll(() => gates.length).toBe(5);
  expect(socket.sent).toHaveLength(FRAMES_BEGUN);
});

test('a client that reads nothing for ten seconds is closed, one that reads slowly is not', () => {
  const { socket, clock, connection } = world();
  socket.bufferedAmount = 8 * 1024 * 1024;
  for (let seconds = 0; seconds < 30; seconds += 1) {
    socket.bufferedAmount -= 1;
    connection.checkReader();
    clock.advance(READER_STUCK_MS - 1);
  }
  connection.checkReader();
  expect(socket.ends).toEqual([]);
  clock.advance(1);
  connection.checkReader();
  expect(socket.ends).toEqual([1013]);
});

test('a client that does not answer a ping is cut off at the next', () => {
  const { socket, connection } = world();
  connection.check();
  expect([socket.pings, socket.ends]).toEqual([1, []]);
  socket.emit('pong');
  connection.check();
  expect(socket.ends).toEqual([]);
  connection.check();
  expect(socket.ends).toEqual(['terminated']);
});

test('a client is not cut off for silence while it is not read', async () => {
  const gate = Promise.withResolvers<Answer>();
  const { socket, connection, receive } = world({ answer: () => gate.promise });
  connection.check();
  for (let count = 0; count <= FRAMES_BEGUN; count += 1) receive();
  expect(socket.isPaused).toBe(true);
  for (let count = 0; count < 3; count += 1) connection.check();
  expect([socket.pings, socket.ends]).toEqual([1, []]);
  gate.resolve(done);
  await expect.poll(() => socket.isPaused).toBe(false);
  connection.check();
  expect([socket.pings, socket.ends]).toEqual([2, []]);
  connection.check();
  expect(socket.ends).toEqual(['terminated']);
});

test('a connection whose key has ended is closed by the next check', async () => {
  const ended = new AppError({ code: 'UNAUTHENTICATED', reason: 'CREDENTIAL_EXPIRED', message: 'the key has expired' });
  const { socket, connection } = world({ identify: () => Promise.reject(ended) });
  connection.check();
  await expect.poll(() => socket.ends).toEqual([1008]);
});

test('a connection lives on while auth cannot be asked', async () => {
  const away = new AppError({ code: 'UNAVAILABLE', reason: 'SERVICE_UNAVAILABLE', message: 'auth is away' });
  const { socket, connection } = world({ identify: () => Promise.reject(away) });
  connection.check();
  await expect(connection.identify()).rejects.toBe(away);
  expect(socket.ends).toEqual([]);
});

test('a batch whose answers are longer together than a string may be is answered with errors', async () => {
  const resultText = 'x'.repeat(2 ** 28);
  const replies = ['1', '2'].map((idText) => ({ idText, resultText }));
  const { socket } = world({ answer: async () => ({ kind: 'many', replies, dialect: 'native' }) });
  socket.emit(
    'message',
    Buffer.from('[{"jsonrpc":"2.0","id":1,"method":"a"},{"jsonrpc":"2.0","id":2,"method":"a"}]'),
    false,
  );
  await vi.waitFor(() => expect(socket.sent).toHaveLength(1));
  const answers: unknown = JSON.parse(socket.sent[0] ?? '');
  expect(answers).toMatchObject([1, 2].map((id) => ({ id, error: { data: { reason: 'RESPONSE_TOO_LARGE' } } })));
});

test('the longest answer that is sent leaves its connection alone, and a longer one is an error', async () => {
  const envelope = '{"jsonrpc":"2.0","id":1,"result":""}';
  const toAnswer = (bytes: number): Answer => {
    const resultText = `"${'x'.repeat(bytes - envelope.length)}"`;
    return { kind: 'one', reply: { idText: '1', resultText }, dialect: 'native' };
  };
  const answers = [toAnswer(WEBSOCKET_MESSAGE_BYTES_MAX), toAnswer(WEBSOCKET_MESSAGE_BYTES_MAX + 1)];
  const { socket, receive } = world({ answer: async () => answers.shift() ?? done });
  const send = socket.send.bind(socket);
  // What waits when a request is begun, and then the answer, of which the network has taken nothing yet.
  socket.bufferedAmount = UNSENT_BYTES_PAUSE;
  socket.send = (text) => {
    send(text);
    socket.bufferedAmount += text.length;
  };
  receive();
  await vi.waitFor(() => expect(socket.sent).toHaveLength(1));
  socket.bufferedAmount = 0;
  receive();
  await vi.waitFor(() => expect(socket.sent).toHaveLength(2));
  expect(socket.sent[0]).toHaveLength(WEBSOCKET_MESSAGE_BYTES_MAX);
  expect(JSON.parse(socket.sent[1] ?? '')).toMatchObject({ error: { data: { reason: 'RESPONSE_TOO_LARGE' } } });
  expect(socket.ends).toEqual([]);
});

test('a credential has so many bytes worked on, over however many connections, and goes on when there is room', async () => {
  const load = createWebSocketLoad();
  const gates: PromiseWithResolvers<Answer>[] = [];
  const answer = () => {
    const gate = Promise.withResolvers<Answer>();
    gates.push(gate);
    return gate.promise;
  };
  const length = 4 * 1024 * 1024;
  const message = Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"a","params":["`);
  const long = Buffer.concat([message, Buffer.alloc(length - message.length - 3, 'x'), Buffer.from('"]}')]);
  const count = CREDENTIAL_BYTES_MAX / length;
  const worlds = Array.from({ length: count + 1 }, () => world({ answer }, load));
  for (const { socket } of worlds) socket.emit('message', long, false);
  expect([gates.length, load.bytes]).toEqual([count, CREDENTIAL_BYTES_MAX]);
  expect(worlds.map(({ socket }) => socket.isPaused)).toEqual([...Array<boolean>(count).fill(false), true]);
  gates[0]?.resolve(done);
  await vi.waitFor(() => expect(gates).toHaveLength(count + 1));
  gates[1]?.resolve(done);
  await vi.waitFor(() => expect(worlds.at(-1)?.socket.isPaused).toBe(false));
  for (const { socket } of worlds) socket.emit('close');
  expect([load.bytes, load.connections]).toEqual([0, 0]);
});
