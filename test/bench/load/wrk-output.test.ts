import { expect, test } from 'vitest';

import { parseWrkOutput } from './wrk-output.ts';

const summary = {
  requests: 1_000,
  bytes: 200_000,
  durationUs: 2_000_000,
  status: 0,
  connect: 0,
  read: 0,
  write: 0,
  timeout: 0,
  p50Us: 1_500,
  p99Us: 9_000,
};
const expected = { connections: 64, answerBytes: 200 };
const parse = (changes: Partial<typeof summary>) =>
  parseWrkOutput(`Running 2s test\n  2 threads\n\n${JSON.stringify({ ...summary, ...changes })}\n`, expected);

test('the exact counts are read, whatever wrk prints before them', () => {
  expect(parse({})).toEqual({ requests: 1_000, seconds: 2, errors: 0, p50Ms: 1.5, p99Ms: 9 });
});

test('an answer that is not 2xx is an error and not a request', () => {
  expect(parse({ status: 10, timeout: 2 })).toMatchObject({ requests: 990, errors: 12 });
});

test('bytes of answers that were cut off at the end are no sign of an error', () => {
  expect(parse({ bytes: 200_000 + 64 * 200 }).requests).toBe(1_000);
});

test('answers of another size are not counted as requests', () => {
  expect(() => parse({ bytes: 199_999 })).toThrow('some of them were wrong');
  expect(() => parse({ bytes: 200_001 + 64 * 200 })).toThrow('some of them were wrong');
});

test('no summary is an error', () => {
  expect(() => parseWrkOutput('unable to connect', expected)).toThrow('wrk printed no summary');
});
