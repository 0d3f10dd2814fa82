import { createHash } from 'node:crypto';

import type { RedisClient } from './create-redis.ts';
import { hashTagOf } from './redis-key.ts';
import { toRedisError } from './redis-outage.ts';

/** Says what a Lua script is called and what it does. */
export interface RedisScriptDefinition {
  /** Used in error messages only. */
  readonly name: string;
  /** How many KEYS the script takes; at least 1, because a Cluster routes by them. */
  readonly keysCount: number;
  readonly lua: string;
}

/** Gives a script its keys and arguments. */
export interface RedisScriptInput {
  readonly keys: readonly string[];
  readonly args?: readonly (string | number)[];
}

/** A Lua script that can be run on any client. */
export interface RedisScript {
  /** The SHA-1 of the Lua text, which is the name Redis knows it by. */
  readonly sha: string;
  /**
   * Runs the script by its SHA-1 and, when the server does not know it (a restart, a failover, SCRIPT FLUSH), by its text.
   *
   * The reply is as Redis sent it: the caller checks its type.
   *
   * @throws {RangeError} When the number of keys is wrong or the keys do not share one hash tag.
   * @throws {AppError} UNAVAILABLE REDIS_UNAVAILABLE when Redis is lost or slow; the script may have run.
   */
  run(redis: RedisClient, input: RedisScriptInput): Promise<unknown>;
}

/**
 * Defines a Lua script that is sent once and called by hash from then on.
 *
 * Safe on a Cluster: the keys must share one hash tag, which is checked on every kind of Redis, so that a mistake shows
 * in the first test and not in production.
 */
export function defineScript({ name, keysCount, lua }: RedisScriptDefinition): RedisScript {
  if (!Number.isInteger(keysCount) || keysCount < 1) {
    throw new RangeError(`script ${name} must declare at least one key`);
  }
  const sha = createHash('sha1').update(lua).digest('hex');
  return {
    sha,
    async run(redis, { keys, args = [] }) {
      assertKeys(name, keysCount, keys);
      const rest = [...keys, ...args];
      try {
        return await redis.evalsha(sha, keysCount, ...rest).catch((error: unknown) => {
          if (!isUnknownScript(error)) {
            throw error;
          }
          // EVAL also loads the script, so the next call by hash succeeds.
          return redis.eval(lua, keysCount, ...rest);
        });
      } catch (error) {
        throw toRedisError(error);
      }
    },
  };
}

function assertKeys(name: string, keysCount: number, keys: readonly string[]): void {
  if (keys.length !== keysCount) {
    throw new RangeError(`script ${name} takes ${keysCount} keys, not ${keys.length}`);
  }
  if (new Set(keys.map(hashTagOf)).size > 1) {
    throw new RangeError(`the keys of script ${name} must share one hash tag`);
  }
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}
