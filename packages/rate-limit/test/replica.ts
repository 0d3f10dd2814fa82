import { createOutageGate } from '@gantry/redis';
import type { Clock } from '@gantry/telemetry';

import { LeasingRateLimiter } from '../src/leasing-rate-limiter.ts';
import { createMemoryRateLimiter } from '../src/memory-rate-limiter.ts';
import type { TokenStore } from '../src/token-store.ts';

/** One replica's limiter, whose sweeps the test makes. */
export interface Replica {
  readonly limiter: LeasingRateLimiter;
  /** Runs the sweep if one is due at some time. Returns whether one was. */
  sweep(): boolean;
  readonly outcomes: readonly string[];
  /** Keys with tokens in hand, as the gauge shows them. */
  leasedKeys(): number;
}

/** Creates the limiter of one replica over a store. */
export function createReplica(store: TokenStore, clock: Clock, keysMax = 1_000): Replica {
  const outcomes: string[] = [];
  const due: (() => void)[] = [];
  let leased = 0;
  const limiter = new LeasingRateLimiter({
    store,
    gate: createOutageGate({ clock, onDown: () => {}, onUp: () => {} }),
    fallback: createMemoryRateLimiter({ clock, keysMax }),
    metrics: {
      refilled: (outcome) => void outcomes.push(outcome),
      setLeasedKeys: (keys) => {
        leased = keys;
      },
    },
    clock,
    schedule: (task) => void due.push(task),
    keysMax,
  });
  const sweep = () => {
    const task = due.shift();
    task?.();
    return task !== undefined;
  };
  return { limiter, outcomes, leasedKeys: () => leased, sweep };
}
