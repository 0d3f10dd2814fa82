import { randomUUID } from 'node:crypto';

import { isReason } from '@gantry/errors';
import { expect, test } from 'vitest';

import { connectRedis, openRedis } from '../test/redis-fixture.ts';
import { defineScript } from './define-script.ts';
import { redisKey } from './redis-key.ts';

// A text of its own for each test, so that no other test has loaded it.
const newScript = (keysCount = 1) =>
  defineScript({ name: 'echo', keysCount, lua: `-- ${randomUUID()}\nreturn {KEYS[1], ARGV[1]}` });

test('a script the server does not know is sent as text once and called by hash from then on', async () => {
  await using fixture = await connectRedis();
  const script = newScript();
  const key = redisKey('test', { tag: 'a' });

  expect(await fixture.redis.script('EXISTS', script.sha)).toEqual([0]);
  expect(await script.run(fixture.redis, { keys: [key], args: [7] })).toEqual([key, '7']);
  expect(await fixture.redis.script('EXISTS', script.sha)).toEqual([1]);
  expect(await script.run(fixture.redis, { keys: [key], args: ['x'] })).toEqual([key, 'x']);
});

test('keys that a Cluster would keep apart are refused everywhere', async () => {
  await using fixture = await connectRedis();
  const keys = [redisKey('test', { tag: 'a' }), redisKey('test', { tag: 'b' })];

  await expect(newScript(2).run(fixture.redis, { keys })).rejects.toThrow('must share one hash tag');
  await expect(newScript(2).run(fixture.redis, { keys: keys.slice(1) })).rejects.toThrow('takes 2 keys, not 1');
});

test('a script without keys cannot be defined, because a Cluster could not route it', () => {
  expect(() => defineScript({ name: 'none', keysCount: 0, lua: 'return 1' })).toThrow(RangeError);
});

test('an error of the script itself is not an outage', async () => {
  await using fixture = await connectRedis();
  const broken = defineScript({ name: 'broken', keysCount: 1, lua: "return redis.error_reply('WRONG input')" });

  await expect(broken.run(fixture.redis, { keys: ['k'] })).rejects.toThrow('WRONG input');
});

test('a lost Redis is UNAVAILABLE', async () => {
  await using fixture = openRedis({ url: 'redis://127.0.0.1:1' });

  await expect(newScript().run(fixture.redis, { keys: ['k'] })).rejects.toSatisfy(
    (error) => isReason(error, 'REDIS_UNAVAILABLE') && error.code === 'UNAVAILABLE',
  );
});
