import { expect, test } from 'vitest';

import { hashTagOf, REDIS_KEY_CHARS_MAX, redisKey } from './redis-key.ts';

test('a key names its area, its tag and its parts', () => {
  expect(redisKey('rate', { tag: 'tenant-1' }, 'tools', 'echo')).toBe('gantry:rate:{tenant-1}:tools:echo');
});

test('keys of one tag hash together whatever the tag and parts contain', () => {
  const left = redisKey('cache', { tag: '}{a' }, '{x}');
  const right = redisKey('cache', { tag: '}{a' }, '{y}');

  expect(hashTagOf(left)).toBe(hashTagOf(right));
  expect(hashTagOf(left)).toBe('%7d%7ba');
});

test('different inputs give different keys', () => {
  const keys = [
    redisKey('a', { tag: 't' }, 'b:c'),
    redisKey('a', { tag: 't' }, 'b', 'c'),
    redisKey('a', { tag: 't' }, 'b%3ac'),
    redisKey('a', { tag: 't:b' }, 'c'),
    redisKey('a', { tag: 't' }, '\ud800'),
    redisKey('a', { tag: 't' }, '\ud801'),
    redisKey('a', { tag: 't' }, '%ud800'),
    redisKey('a', { tag: 't' }),
    redisKey('a', { tag: 't' }, ''),
  ];

  expect(new Set(keys).size).toBe(keys.length);
});

test('an empty area or tag is refused, because Redis would ignore an empty hash tag', () => {
  expect(() => redisKey('', { tag: 't' })).toThrow(RangeError);
  expect(() => redisKey('a', { tag: '' })).toThrow(RangeError);
});

test('the longest key is accepted and one character more is refused', () => {
  const room = REDIS_KEY_CHARS_MAX - 'gantry:a:{t}:'.length;

  expect(redisKey('a', { tag: 't' }, 'x'.repeat(room))).toHaveLength(REDIS_KEY_CHARS_MAX);
  expect(() => redisKey('a', { tag: 't' }, 'x'.repeat(room + 1))).toThrow(RangeError);
});

test('the hash tag of a key is the first non-empty pair of braces, else the whole key', () => {
  expect(hashTagOf('a{b}c{d}')).toBe('b');
  expect(hashTagOf('a{}b{c}')).toBe('a{}b{c}');
  expect(hashTagOf('plain')).toBe('plain');
  expect(hashTagOf('open{')).toBe('open{');
});
