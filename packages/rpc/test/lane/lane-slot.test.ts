import { createMetricsRegistry } from '@gantry/telemetry';
import { expect, test, vi } from 'vitest';

import { clientLaneLimits } from '../../src/lane/lane-limits.ts';
import { clientLaneLoad } from '../../src/lane/lane-metrics.ts';
import { LaneSlot } from '../../src/lane/lane-slot.ts';
import { startSilentServer } from '../silent-server.ts';

test.each([0, 3])(
  'a server that drops %i connections and is silent on the others has one at a time, and none once it is not wanted',
  async (drops) => {
    using server = await startSilentServer({ drops });
    using slot = new LaneSlot({
      target: server.address,
      peer: 'tool',
      load: clientLaneLoad(createMetricsRegistry({ service: 'test' })),
      limits: { ...clientLaneLimits, openingMaxMs: 10 },
      onChange: () => undefined,
      onLost: () => undefined,
    });
    for (let attempt = drops + 1; attempt <= drops + 4; attempt += 1) {
      await vi.waitFor(() => expect(server.accepted).toBeGreaterThanOrEqual(attempt), { timeout: 10_000 });
      await vi.waitFor(() => expect(server.sockets.size).toBeLessThanOrEqual(1));
    }
    slot[Symbol.dispose]();
    await vi.waitFor(() => expect(server.sockets.size).toBe(0));
  },
);
