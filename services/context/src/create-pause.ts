import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long indexing keeps the event loop at a stretch: other calls notice from about 50 ms on. */
const TURN_MS = 10;

/** Creates what long work awaits now and then: once in TURN_MS it lets the event loop take a turn. */
export function createPause(): () => Promise<void> {
  let turnStartMs = performance.now();
  return async () => {
    if (performance.now() - turnStartMs < TURN_MS) return;
    await nextTurn();
    turnStartMs = performance.now();
  };
}
