import { describe, expect, test } from 'vitest';

import { assertCounted, assertStreamsAnswered } from './stream-totals.ts';

const totals = (succeeded: number, dataBytes = 0) => ({ succeeded, started: succeeded + 2, errors: 0, dataBytes });

describe('assertStreamsAnswered', () => {
  /** Ten streams, each of 1,000 bytes and 2 to 11 prefixes of five. */
  const expected = { sessions: 4, answerBytes: 1_000, framesMin: 2, framesMax: 11 };
  const [atLeast, atMost] = [10 * 1_010, 14 * 1_055];

  test.each([atLeast, 10 * 1_055, atMost])('%i bytes may be right', (bytes) => {
    expect(() => assertStreamsAnswered(totals(10, bytes), expected)).not.toThrow();
  });

  test.each([atLeast - 1, atMost + 1])('%i bytes cannot', (bytes) => {
    expect(() => assertStreamsAnswered(totals(10, bytes), expected)).toThrow('some answers were wrong');
  });
});

describe('assertCounted', () => {
  const plan = { callsPerStream: 100, seconds: 1 };
  const check = (after: Record<string, number>, before: Record<string, number> = {}) =>
    assertCounted({ before, after }, totals(10), plan);

  test('what ended within the time was answered, and no more than was begun', () => {
    for (const counted of [1_000, 1_200]) check({ OK: counted });
    // Four single answers a second are checked meanwhile, and one may be on its way at each end.
    check({ OK: 1_205 });
    expect(() => check({ OK: 999 })).toThrow('999 calls');
    expect(() => check({ OK: 1_206 })).toThrow('1206 calls');
    expect(() => check({})).toThrow('0 calls');
  });

  test('what was counted before does not count', () => {
    check({ OK: 6_000, UNAVAILABLE: 7 }, { OK: 5_000, UNAVAILABLE: 7 });
  });

  test('what was broken off at the end is no error, and everything else is', () => {
    check({ OK: 1_000, CANCELLED: 50 });
    expect(() => check({ OK: 1_000, RESOURCE_EXHAUSTED: 1 })).toThrow('the server counted RESOURCE_EXHAUSTED 1');
  });
});
