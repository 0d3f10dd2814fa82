import { redisKey, type RedisClient } from '@gantry/redis';

import { giveBackScript } from './give-back-script.ts';
import { leaseScript } from './lease-script.ts';
import { LEASE_MS } from './lease.ts';
import type { LeaseReply, TokenStore } from './token-store.ts';

/** Says where the tokens are. */
export interface RedisTokenStoreOptions {
  readonly redis: RedisClient;
  /** Names the limiter in the keys. */
  readonly name: string;
  /** Stands in for Redis' clock in tests: epoch microseconds. */
  readonly nowUs?: () => number;
}

/** No time of ours: the scripts ask Redis. */
const REDIS_TIME = '';
/** Keys expire by Redis' clock; while a test's clock stands in for it, that must not be before the test is over. */
const KEPT_LONGER_IN_TESTS_MS = 60_000;

/** Creates a store whose every operation is one script call on one key. */
export function createRedisTokenStore({ redis, name, nowUs }: RedisTokenStoreOptions): TokenStore {
  const time = () => (nowUs === undefined ? [REDIS_TIME, 0] : [nowUs(), KEPT_LONGER_IN_TESTS_MS]);
  return {
    async lease({ key, intervalUs, burst, demand, ahead }) {
      const args = [intervalUs, burst, demand, ahead, ...time()];
      return toReply(await leaseScript.run(redis, { keys: [redisKey('rate', { tag: key }, name)], args }));
    },
    async giveBack({ key, tokens, intervalUs, arrivalUs }) {
      const fromUs = arrivalUs - tokens * intervalUs;
      const keys = [redisKey('rate', { tag: key }, name), redisKey('rate', { tag: key }, name, 'given')];
      await giveBackScript.run(redis, { keys, args: [tokens, intervalUs, fromUs, LEASE_MS * 1_000, ...time()] });
    },
  };
}

function toReply(reply: unknown): LeaseReply {
  if (!Array.isArray(reply) || reply.length !== 4 || !reply.every(Number.isSafeInteger)) {
    throw new TypeError('the lease script did not answer with four whole numbers');
  }
  const [granted, waitUs, arrivalUs, debtUs] = reply;
  return { granted, waitUs, arrivalUs, debtUs };
}
