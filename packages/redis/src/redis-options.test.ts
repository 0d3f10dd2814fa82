import { expect, test } from 'vitest';

import { parseRedisUrl } from './parse-redis-url.ts';
import { toClusterOptions, toRedisOptions } from './redis-options.ts';

const settings = { connectionName: 'gantry:test', commandTimeoutMs: 500 };

test('a standalone url sets host, database, login and TLS', () => {
  expect(optionsOf('rediss://u:p@h:7000/2')).toMatchObject({
    host: 'h',
    port: 7000,
    db: 2,
    username: 'u',
    password: 'p',
    tls: {},
    commandTimeout: 500,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
  });
});

test('a sentinel url names the master and the sentinels, and retries them for ever', () => {
  const options = optionsOf('redis+sentinel://a:1,b:2/main?db=1');

  expect(options).toMatchObject({
    sentinels: [
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ],
    name: 'main',
    db: 1,
  });
  expect(options.sentinelRetryStrategy?.(1_000_000)).toBeGreaterThan(0);
});

test('a cluster url gives start nodes and a bounded number of redirections', () => {
  const target = parseRedisUrl('redis+cluster://:pw@a:1,b:2');

  expect(target.kind === 'cluster' && toClusterOptions(target, settings)).toMatchObject({
    nodes: [
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ],
    options: { enableOfflineQueue: false, maxRedirections: 4, redisOptions: { password: 'pw', commandTimeout: 500 } },
  });
});

test('only READONLY makes a client reconnect, to find the new primary', () => {
  const options = optionsOf('redis://h');

  expect(options.reconnectOnError?.(new Error('READONLY You can not write against a read only replica.'))).toBe(true);
  expect(options.reconnectOnError?.(new Error('WRONGTYPE Operation'))).toBe(false);
});

function optionsOf(url: string) {
  const target = parseRedisUrl(url);
  if (target.kind === 'cluster') {
    throw new Error('a cluster has options of its own');
  }
  return toRedisOptions(target, settings);
}
