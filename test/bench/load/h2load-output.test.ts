import { expect, test } from 'vitest';

import { parseH2loadOutput } from './h2load-output.ts';

const printed = (succeeded: number, dataBytes: number, failed = 0) => `
finished in 2.00s, 12048.00 req/s, 1.62MB/s
requests: 24096 total, 24160 started, ${succeeded} done, ${succeeded} succeeded, ${failed} failed, 0 errored, 0 timeout
status codes: 24128 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 3.25MB (3403744) total, 118.88KB (121728) headers (space savings 96.37%), 2.46MB (${dataBytes}) data
`;
const log = '1\t200\t1000\n2\t200\t3000\n3\t200\t2000\n';
const expected = { inFlight: 64, answerBytes: 102, seconds: 2 };

test('totals come from what it prints, latencies from its log', () => {
  expect(parseH2loadOutput({ printed: printed(1_000, 107_000), log }, expected)).toEqual({
    requests: 1_000,
    seconds: 2,
    errors: 0,
    p50Ms: 2,
    p99Ms: 3,
  });
});

test('failed requests are errors', () => {
  expect(parseH2loadOutput({ printed: printed(1_000, 107_000, 3), log }, expected).errors).toBe(3);
});

test('an RPC that failed has no message, so fewer bytes than answers are found out', () => {
  expect(() => parseH2loadOutput({ printed: printed(1_000, 106_999), log }, expected)).toThrow(
    'some of them were wrong',
  );
});

test('data of what was in flight at the end is no sign of an error, and more is', () => {
  const atMost = 107_000 + 64 * 107;
  expect(parseH2loadOutput({ printed: printed(1_000, atMost), log }, expected).requests).toBe(1_000);
  expect(() => parseH2loadOutput({ printed: printed(1_000, atMost + 1), log }, expected)).toThrow('wrong');
});

test('an output without totals is an error', () => {
  expect(() => parseH2loadOutput({ printed: 'could not connect', log: '' }, expected)).toThrow('h2load did not say');
});
