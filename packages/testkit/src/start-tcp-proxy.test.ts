import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { startTcpProxy } from './start-tcp-proxy.ts';
import type { TcpProxy } from './start-tcp-proxy.ts';

let echo: Server;
let proxy: TcpProxy;
let received: string;

beforeEach(async () => {
  received = '';
  echo = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      received += chunk.toString();
      socket.write(chunk);
    });
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  // The server was told to listen on TCP, so its address is never a path.
  const { port } = echo.address() as AddressInfo;
  proxy = await startTcpProxy({ host: '127.0.0.1', port });
});

afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  echo.close();
});

test('bytes pass in both directions, and an end ends the other side', async () => {
  const client = await open();
  expect(await answer(client, 'hello')).toBe('hello');
  expect(proxy.connectionCount).toBe(1);
  client.end();
  await closed(client);
  await expect.poll(() => proxy.connectionCount).toBe(0);
});

test('a cut resets old and new connections until it is healed', async () => {
  const client = await open();
  expect(await answer(client, 'hello')).toBe('hello');
  const reset = closed(client);
  proxy.cut();
  await reset;
  const refused = await open();
  await closed(refused);
  expect(received).toBe('hello');

  proxy.heal();
  expect(await answer(await open(), 'again')).toBe('again');
});

test('a black hole closes nothing and passes nothing; healed, it passes what it held', async () => {
  const old = await open();
  expect(await answer(old, 'hello')).toBe('hello');
  proxy.blackHole();
  old.write('held');
  const fresh = await open();
  fresh.write('too');
  await expect.poll(() => proxy.connectionCount).toBe(2);
  // A connection beside the proxy shows that whatever would pass has had its time.
  const direct = connect((echo.address() as AddressInfo).port, '127.0.0.1');
  expect(await answer(direct, '!')).toBe('!');
  direct.destroy();
  expect(received).toBe('hello!');
  expect([old.closed, fresh.closed]).toEqual([false, false]);

  const answers = [once(old, 'data'), once(fresh, 'data')];
  proxy.heal();
  expect((await Promise.all(answers)).map(String)).toEqual(['held', 'too']);
});

test('a target that is not there resets the client', async () => {
  await using toNowhere = await startTcpProxy('127.0.0.1:1');
  const client = connect(toNowhere.port, '127.0.0.1');
  await closed(client);
  expect(toNowhere.connectionCount).toBe(0);
});

test('a target may be a URL, and URLs of the target are led through the proxy', async () => {
  await using viaUrl = await startTcpProxy(`redis://127.0.0.1:${(echo.address() as AddressInfo).port}/0`);
  const client = connect(viaUrl.port, '127.0.0.1');
  expect(await answer(client, 'hello')).toBe('hello');
  client.destroy();
  expect(viaUrl.through('postgres://me:secret@db.example:5432/gantry')).toBe(
    `postgres://me:secret@127.0.0.1:${viaUrl.port}/gantry`,
  );
  await expect(startTcpProxy('unknown://somewhere')).rejects.toThrow('names no port');
});

async function open(): Promise<Socket> {
  const socket = connect(proxy.port, '127.0.0.1');
  const connected = new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  await Promise.race([connected, closed(socket)]);
  return socket;
}

/** Waits until a socket is closed, be it in peace or by a reset. */
function closed(socket: Socket): Promise<void> {
  socket.on('error', () => undefined);
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}

async function answer(socket: Socket, text: string): Promise<string> {
  const data = once(socket, 'data');
  socket.write(text);
  return String((await data)[0]);
}
