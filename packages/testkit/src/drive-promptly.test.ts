import { setImmediate as nextTurn } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { drivePromptly } from './drive-promptly.ts';

test('one event leads to passes until everything is read, and one more that writes the replies', () => {
  const server = fakeServer({ chunks: 3, readsPerPass: 1 });
  drivePromptly(server);
  server.step();
  expect(server.unread()).toBe(0);
  expect(server.passCount()).toBe(4);
});

test('a client that is not read from does not hold up everybody else', async () => {
  const server = fakeServer({ chunks: 1, readsPerPass: 0 });
  drivePromptly(server);
  server.step();
  const passes = server.passCount();
  expect(passes).toBe(33);
  server.resumeReading();
  await nextTurn();
  expect(server.unread()).toBe(0);
});

function fakeServer({ chunks, readsPerPass }: { chunks: number; readsPerPass: number }) {
  const queue = Array.from({ length: chunks }, (_, index) => index);
  let reads = readsPerPass;
  let passes = 0;
  return {
    socks: new Map([[4096, { chunks: queue }]]),
    step: () => {
      passes += 1;
      queue.splice(0, reads);
    },
    unread: () => queue.length,
    passCount: () => passes,
    resumeReading: () => {
      reads = 1;
    },
  };
}
