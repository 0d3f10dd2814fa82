import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

import { expect, test } from 'vitest';

import { OrderlyPool } from './orderly-pool.ts';

/** Authentication is done, and the server is ready for a statement. */
const WELCOME = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);

/** Just enough of a Postgres for connections to open; closes them when told to. */
async function startServer() {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined).resume();
    socket.once('data', () => socket.write(WELCOME));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `postgres://nobody@127.0.0.1:${port}/none`,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function openTwo(pool: OrderlyPool) {
  const clients = [await pool.connect(), await pool.connect()];
  for (const client of clients) client.release();
}

test('a pool has ended once its connections are closed, not when they were asked to', async () => {
  await using server = await startServer();
  const pool = new OrderlyPool({ connectionString: server.url });
  await openTwo(pool);
  const events: string[] = [];
  pool.on('remove', () => events.push('closed'));
  const farewells = server.sockets.map((socket) => once(socket, 'end'));
  const ended = pool.end().then(() => events.push('ended'));
  await Promise.all(farewells);
  for (const socket of server.sockets) socket.end();
  await ended;
  expect(events).toEqual(['closed', 'closed', 'ended']);
});

test('a server that never closes its side holds up the end only for a bounded time', async () => {
  await using server = await startServer();
  const pool = new OrderlyPool({ connectionString: server.url }, { closeMsMax: 20 });
  await openTwo(pool);
  const closed: unknown[] = [];
  pool.on('remove', (client) => closed.push(client));
  await pool.end();
  expect(closed).toEqual([]);
});

test('a pool that never connected ends at once, also for a callback', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  new OrderlyPool({ connectionString: 'postgres://127.0.0.1:1/none' }).end(resolve);
  await promise;
});
