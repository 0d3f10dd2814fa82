import type { Clock } from '@gantry/telemetry';

/** Half of what Node's HTTP/2 server takes before it closes the whole session: a burst of 1,000, then 33 a second. */
const BURST = 500;
const PER_SECOND = 16;
const MS_PER_SECOND = 1_000;

/** Limits how many calls a client resets. */
export interface ResetBudget {
  /** Takes one reset; false when there is none left for now. */
  take(): boolean;
}

/**
 * Creates the budget of one client. A reset costs its peer little, but many look like a rapid-reset attack
 * (CVE-2023-44487), and the peer then closes the session with every other call on it. A caller that cancels beyond the
 * budget is answered at once all the same; its call is left to end by its deadline.
 */
export function createResetBudget(clock: Clock): ResetBudget {
  let tokens = BURST;
  let countedAtMs = clock.now();
  return {
    take() {
      const nowMs = clock.now();
      tokens = Math.min(BURST, tokens + (Math.max(0, nowMs - countedAtMs) / MS_PER_SECOND) * PER_SECOND);
      countedAtMs = nowMs;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
