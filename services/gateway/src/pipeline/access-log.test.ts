import { createLogger } from '@gantry/telemetry';
import { expect, test } from 'vitest';

import { createAccessLog } from './access-log.ts';

const fields = {
  requestId: 'r',
  traceId: 't',
  method: 'ping',
  requests: 1,
  code: 'OK',
  reason: undefined,
  durationMs: 1,
};

function linesOf(level: 'info' | 'debug', ratio: number, requests: number): readonly string[] {
  const lines: string[] = [];
  const logger = createLogger({ service: 'gateway', level, destination: { write: (line) => void lines.push(line) } });
  const log = createAccessLog(logger, ratio);
  for (let count = 0; count < requests; count += 1) log(fields);
  return lines;
}

test.each([
  [0, 0],
  [0.01, 10],
  [0.25, 250],
  [1, 1_000],
])('a share of %d of a thousand requests is %d lines', (ratio, lines) => {
  // A sum of hundredths may fall short of one by its rounding.
  expect(Math.abs(linesOf('info', ratio, 1_000).length - lines)).toBeLessThanOrEqual(1);
});

test('a line says what, how it ended and how long it took', () => {
  expect(JSON.parse(linesOf('info', 1, 1)[0] ?? '')).toMatchObject({
    level: 'info',
    msg: 'request ended',
    method: 'ping',
    requestId: 'r',
    traceId: 't',
    code: 'OK',
    durationMs: 1,
  });
});

test('whoever debugs sees every request', () => {
  expect(linesOf('debug', 0.01, 100)).toHaveLength(100);
});
