import { expect, test } from 'vitest';

import { createThroughputReport } from './throughput-report.ts';
import { toThroughputText } from './throughput-text.ts';

const measurement = (rps: number) => ({
  rps,
  requests: rps,
  seconds: 1,
  errors: 0,
  p50Ms: 1,
  p99Ms: 2,
  cpuUs: { gateway: 10, tool: 5, context: 1, rest: 30 },
});
const measured = (name: string, ...rates: number[]) => ({
  name,
  generator: 'wrk',
  measurements: rates.map(measurement),
});
const report = createThroughputReport(
  {
    measured: [measured('raw-http', 100, 200, 300), measured('gantry-http-native', 60, 100, 180)],
    failed: [{ name: 'gantry-http-2026', reason: 'HTTP 400: not spoken' }],
  },
  {
    machine: { cpu: 'a processor', cores: 2, memoryGib: 4, kernel: '6' },
    versions: { node: 'v24' },
    rounds: 3,
    seconds: 1,
    connections: 64,
    channels: 8,
    sessions: 4,
    gateways: 1,
  },
);

test('the shape for machines is the promised one', () => {
  expect(report).toMatchObject({
    machine: { cores: 2 },
    versions: { node: 'v24' },
    rounds: 3,
    results: { 'gantry-http-native': { rps: { median: 100, min: 60, max: 180 }, p50Ms: 1, p99Ms: 2 } },
    ratios: { 'raw-http': 1, 'gantry-http-native': 0.6 },
  });
});

test('ratios have a spread, and limits say whether they are reached', () => {
  expect(report.ratiosByReference['raw-http']?.['gantry-http-native']).toEqual({ median: 0.6, min: 0.5, max: 0.6 });
  expect(report.limits[0]).toMatchObject({ name: 'gantry-http-native', ratio: 0.6, isReached: true });
});

test('the text names what could not be measured, and why', () => {
  const text = toThroughputText(report);
  expect(text).toContain('unavailable: gantry-http-2026: HTTP 400: not spoken');
  expect(text).toMatch(/gantry-http-native +100 +\[60 to 180\] +0\.60 +\[0\.50 to 0\.60\]/);
});

test('the text says so when a run was too short to judge the limits, and only then', () => {
  const hint = 'short run: too few to judge the limits';
  const textOf = (rounds: number, seconds: number) => toThroughputText({ ...report, rounds, seconds });
  expect([textOf(4, 4), textOf(5, 3), textOf(5, 4)].map((text) => text.includes(hint))).toEqual([true, true, false]);
});

test('one round is a round', () => {
  expect(toThroughputText({ ...report, rounds: 1 })).toContain('\n1 round of 1 s, 64 requests in flight');
  expect(toThroughputText(report)).toContain('\n3 rounds of 1 s');
});
