import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { createMetricsRegistry } from '@gantry/telemetry';
import { expect, test, vi } from 'vitest';

import { clientLaneLimits } from '../../src/lane/lane-limits.ts';
import { clientLaneLoad } from '../../src/lane/lane-metrics.ts';
import { LaneSlot } from '../../src/lane/lane-slot.ts';

/** Accepts connections, drops the first ones, and says nothing on the others. */
async function startSilentServer(drops: number) {
  let accepted = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    if (accepted <= drops) socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    target: `127.0.0.1:${port}`,
    sockets,
    [Symbol.dispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

test.each([0, 3])(
  'a server that is silent, after it dropped %i connections, has one, however often a lane is tried',
  async (drops) => {
    using server = await startSilentServer(drops);
    using _slot = new LaneSlot({
      target: server.target,
      peer: 'tool',
      load: clientLaneLoad(createMetricsRegistry({ service: 'test' })),
      limits: { ...clientLaneLimits, openingMaxMs: 10 },
      onChange: () => undefined,
      onLost: () => undefined,
    });
    await vi.waitFor(() => expect(server.sockets.size).toBeGreaterThan(0), { timeout: 5_000 });
    // gRPC tries again by itself after a second: nothing can be waited for where it must not.
    await delay(1_500);
    expect(server.sockets.size).toBe(1);
  },
);
