export { closeRedis, createRedis, type CreateRedisOptions, type RedisClient } from './create-redis.ts';
export { createRedisSubscriber } from './create-redis-subscriber.ts';
export { defineScript, type RedisScript, type RedisScriptDefinition, type RedisScriptInput } from './define-script.ts';
export { type Attempt, createOutageGate, type OutageGate, type OutageGateOptions } from './outage-gate.ts';
export type { OutageWatchOptions } from './outage-watch.ts';
export { parseRedisUrl, type RedisNode, type RedisTarget } from './parse-redis-url.ts';
export { hashTagOf, REDIS_KEY_CHARS_MAX, redisKey, type RedisKeyTag } from './redis-key.ts';
export { isRedisOutage, toRedisError } from './redis-outage.ts';
