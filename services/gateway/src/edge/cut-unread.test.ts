import { once } from 'node:events';
import { connect } from 'node:net';

import { expect, test, vi } from 'vitest';

import { startHttpEdge } from '../../test/http-edge-world.ts';
import type { Answer } from '../pipeline/pipeline.ts';

const MIB = 1024 * 1024;

const toAnswer = (bytes: number): Answer => ({
  kind: 'one',
  reply: { idText: '1', resultText: `"${'x'.repeat(bytes)}"` },
  dialect: 'native',
});

/** Asks, and leaves it to the test to read the answer. */
async function ask(answer: Parameters<typeof startHttpEdge>[0], readerStuckMs?: number, times = 1) {
  const world = await startHttpEdge(answer, readerStuckMs);
  const accepted = world.nextSocket();
  const client = connect(world.port, '127.0.0.1');
  client.on('error', () => undefined);
  const body = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
  const head = `POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
  client.write(`${head}\r\n\r\n${body}`.repeat(times));
  return { ...world, client, serverSocket: await accepted };
}

test('a client that takes nothing of its answer is cut off, and nothing is held for it any more', async () => {
  // More than the buffers of the kernel take.
  using world = await ask(toAnswer(64 * MIB), 200);
  await vi.waitFor(() => expect(world.edge.unsentBytes).toBeGreaterThan(64 * MIB));
  if (!world.serverSocket.closed) await once(world.serverSocket, 'close');
  expect(world.edge.unsentBytes).toBe(0);
  world.client.destroy();
});

test('a client that asks for more before it is answered, and then takes nothing, is cut off too', async () => {
  const gate = Promise.withResolvers<Answer>();
  using world = await ask((request) => (request === 1 ? gate.promise : toAnswer(64 * MIB)), 200, 2);
  // The second answer is ready, and waits for the first.
  await vi.waitFor(() => expect(world.edge.unsentBytes).toBeGreaterThan(64 * MIB));
  gate.resolve(toAnswer(1));
  // Its request was answered: whatever its client does, it takes nothing of what bodies may.
  await vi.waitFor(() => expect(world.bodies.bytes).toBe(0));
  if (!world.serverSocket.closed) await once(world.serverSocket, 'close');
  world.client.destroy();
});

test('a client that reads slowly is not', async () => {
  using world = await ask(toAnswer(64 * MIB), 500);
  await vi.waitFor(() => expect(world.edge.unsentBytes).toBeGreaterThan(64 * MIB));
  const startedAtMs = performance.now();
  await vi.waitFor(
    () => {
      world.client.read(MIB / 4);
      expect(performance.now() - startedAtMs).toBeGreaterThan(1_500);
    },
    { timeout: 10_000, interval: 10 },
  );
  expect(world.serverSocket.closed).toBe(false);
  expect(world.edge.unsentBytes).toBeGreaterThan(64 * MIB);
  world.client.destroy();
});
