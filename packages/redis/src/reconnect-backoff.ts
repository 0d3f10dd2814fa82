/** A restarted Redis is back in well under a second, so the first attempts come quickly. */
const FIRST_MS = 50;
/** Two seconds bound how long a healed Redis stays unused; ten replicas then cost it about ten connects a second. */
export const RECONNECT_MS_MAX = 2_000;

/**
 * Returns how long to wait before reconnect attempt `attempt` (from 1): exponential from 50 ms to 2 s, the upper half jittered.
 *
 * Never gives up, so that a process heals whenever Redis does. Never 0, so that a server that accepts and closes at once
 * is not hammered.
 */
export function reconnectDelayMs(attempt: number, random: () => number = Math.random): number {
  const ceilingMs = Math.min(RECONNECT_MS_MAX, FIRST_MS * 2 ** Math.min(attempt - 1, 10));
  return Math.ceil(ceilingMs / 2 + random() * (ceilingMs / 2));
}
