import { setTimeout as sleep } from 'node:timers/promises';

import { isReason } from '@gantry/errors';
import { backoffMs } from '@gantry/resilience';

/** How often a transaction that collided is tried again. Locks are taken in order, so one collision is already rare. */
const RETRIES_MAX = 4;

const BASE_MS = 20;
const MAX_MS = 500;

/**
 * Runs a transaction again when PostgreSQL gave it up for another one (deadlock, serialization failure): it had no
 * effect. What is still in conflict after four retries rises.
 */
export async function retryConflicts<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction();
    } catch (error) {
      if (attempt > RETRIES_MAX || !isReason(error, 'DATABASE_CONFLICT')) throw error;
      await sleep(backoffMs(attempt, { baseMs: BASE_MS, maxMs: MAX_MS, random: Math.random }));
    }
  }
}
