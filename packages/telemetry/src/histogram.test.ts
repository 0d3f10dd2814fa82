import { expect, test } from 'vitest';

import { createHistogram } from './histogram.ts';
import { createMetricsRegistry } from './metrics-registry.ts';

function createSeconds(buckets: readonly number[] = [0.1, 1]) {
  const registry = createMetricsRegistry({ service: 'tool' });
  const seconds = createHistogram({ name: 's', help: 'Time.', labelNames: ['tool'], buckets, registers: [registry] });
  return { seconds, registry };
}

test('a value counts in the first bucket whose bound is not below it, and in all after that', async () => {
  const { seconds, registry } = createSeconds();
  const echo = seconds.labels({ tool: 'echo' });
  for (const value of [-1, 0.1, 0.5, 2]) echo.observe(value);
  expect(await registry.metrics()).toBe(`# HELP s Time.
# TYPE s histogram
s_bucket{le="0.1",service="tool",tool="echo"} 2
s_bucket{le="1",service="tool",tool="echo"} 3
s_bucket{le="+Inf",service="tool",tool="echo"} 4
s_sum{service="tool",tool="echo"} 1.6
s_count{service="tool",tool="echo"} 4
`);
});

test('a series is not shown before its first value', async () => {
  const { seconds, registry } = createSeconds();
  seconds.labels({ tool: 'echo' });
  expect(await registry.metrics()).not.toContain('echo');
});

test('a histogram without labels is shown before its first value', async () => {
  const registry = createMetricsRegistry({ service: 'tool' });
  createHistogram({ name: 's', help: 'Time.', buckets: [1], registers: [registry] });
  expect(await registry.metrics()).toContain('s_count{service="tool"} 0\n');
});

test.each([Number.NaN, Infinity, -Infinity])('observing %d is refused and counts nothing', async (value) => {
  const { seconds, registry } = createSeconds();
  expect(() => seconds.labels({ tool: 'echo' }).observe(value)).toThrow(RangeError);
  expect(await registry.metrics()).not.toContain('echo');
});

test.each([
  ['descend', [1, 0.1]],
  ['come twice', [1, 1]],
  ['are infinite', [1, Infinity]],
  ['are more than a scan is good for', Array.from({ length: 21 }, (_, index) => index)],
])('bounds that %s are refused', (_case, buckets) => {
  expect(() => createSeconds(buckets)).toThrow();
});
