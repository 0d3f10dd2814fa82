import { isReason } from '@gantry/errors';
import { describe, expect, test } from 'vitest';

import { parseRedisUrl } from './parse-redis-url.ts';

const node = (host: string, port: number) => ({ host, port });

describe('a url that works', () => {
  test.each([
    ['redis://localhost', { kind: 'standalone', node: node('localhost', 6379), db: 0, tls: false }],
    ['redis://127.0.0.1:7000/3', { kind: 'standalone', node: node('127.0.0.1', 7000), db: 3, tls: false }],
    ['redis://h:1?db=4', { kind: 'standalone', node: node('h', 1), db: 4, tls: false }],
    ['redis://h/', { kind: 'standalone', node: node('h', 6379), db: 0, tls: false }],
    ['REDIS://h', { kind: 'standalone', node: node('h', 6379), db: 0, tls: false }],
    ['redis://[::1]:7000', { kind: 'standalone', node: node('::1', 7000), db: 0, tls: false }],
    [
      'rediss://ann:p%40ss%2Fw@h:1',
      { kind: 'standalone', node: node('h', 1), db: 0, tls: true, username: 'ann', password: 'p@ss/w' },
    ],
    ['redis://:pw@h', { kind: 'standalone', node: node('h', 6379), db: 0, tls: false, password: 'pw' }],
    ['redis+cluster://a:1,b', { kind: 'cluster', nodes: [node('a', 1), node('b', 6379)], tls: false }],
    ['rediss+cluster://:pw@a', { kind: 'cluster', nodes: [node('a', 6379)], tls: true, password: 'pw' }],
    [
      'redis+sentinel://u:p@a:1,b/main?db=2',
      {
        kind: 'sentinel',
        sentinels: [node('a', 1), node('b', 26_379)],
        masterName: 'main',
        db: 2,
        tls: false,
        username: 'u',
        password: 'p',
      },
    ],
  ])('%s is understood', (url, target) => {
    expect(parseRedisUrl(url)).toEqual(target);
  });
});

describe('a url that does not', () => {
  test.each([
    ['', 'not a url'],
    ['localhost:6379', 'not a url'],
    ['http://localhost', 'http:// is not one'],
    ['redis://', 'a host is missing'],
    ['redis://a,b', 'takes one host'],
    ['redis://h:0', 'ports are 1 to 65535'],
    ['redis://h:65536', 'ports are 1 to 65535'],
    ['redis://h:port', 'not host:port'],
    ['redis://::1', 'not host:port'],
    ['redis://h/one', 'database is a number'],
    ['redis://h?db=-1', 'database is a number'],
    ['redis://h?db=65536', 'database is a number'],
    ['redis://h?tls=true', 'tls is not known'],
    ['redis://user@h', 'password is missing'],
    ['redis://u:%zz@h', 'must be written %25'],
    ['redis+cluster://a/1', 'only database 0'],
    ['redis+cluster://a?db=1', 'only database 0'],
    ['redis+cluster://a,,b', 'a host is missing'],
    ['redis+sentinel://a', 'name of the master'],
    ['redis+sentinel://a/x/y', 'name of the master'],
    [`redis+cluster://${Array.from({ length: 65 }, (_, index) => `h${index}`).join(',')}`, 'at most 64'],
  ])('%s is refused with what to do', (url, problem) => {
    expect(() => parseRedisUrl(url)).toThrow(problem);
  });

  test('its error is an AppError that never shows the password', () => {
    const error = errorOf(() => parseRedisUrl('redis://ann:hunter2@h:99999'));

    expect(isReason(error, 'REDIS_URL_INVALID')).toBe(true);
    expect(String(error)).not.toContain('hunter2');
  });
});

function errorOf(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}
