import { Tool } from '@gantry/protocol/gantry/tool/v1/tool_service';
import { expect, vi } from 'vitest';

import { startWorld, type WorldOptions } from '../rpc-world.ts';
import { heldOnLanes, NOTHING_HELD } from './lane-metrics-of.ts';
import { RawLane } from './raw-lane.ts';

/** A server, another client of it whose calls must be unharmed, and a lane that misbehaves. */
export async function startWithLane(options: WorldOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(
    await startWorld({
      ...options,
      handlers: {
        getTool: async ({ name }, { signal }) => {
          if (name === 'hanging' || name === 'stuck') {
            const { promise, resolve } = Promise.withResolvers<void>();
            if (name === 'hanging') signal.addEventListener('abort', () => resolve());
            await promise;
          }
          return { tool: Tool.create({ name }) };
        },
        ...options.handlers,
      },
    }),
  );
  const lane = stack.use(new RawLane(world.server.address));
  await world.client.getTool({ name: 'before' }, { assertion: 'ann' });
  const open = stack.move();
  return {
    ...world,
    lane,
    /** Other calls, on another lane, are unharmed; and of ours nothing is left. */
    async expectUnharmed() {
      await expect(world.client.getTool({ name: 'after' }, { assertion: 'ann' })).resolves.toMatchObject({
        tool: { name: 'after' },
      });
      await vi.waitFor(async () => expect(await heldOnLanes('server', world.serverMetrics)).toEqual(NOTHING_HELD));
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
