import { createMetricsRegistry } from '@gantry/telemetry';
import { Counter, Histogram } from 'prom-client';
import { expect, test } from 'vitest';

import { mergeExpositions } from './merge-expositions.ts';

function registryOf(service: string) {
  const registry = createMetricsRegistry({ service });
  new Counter({ name: 'calls_total', help: 'Calls.', registers: [registry] }).inc(2);
  new Histogram({ name: 'call_seconds', help: 'Time.', buckets: [1], registers: [registry] }).observe(0.5);
  return registry;
}

test('a metric that two registries have gets one header and the samples of both', async () => {
  const texts = await Promise.all([registryOf('tool').metrics(), registryOf('auth').metrics()]);
  const merged = mergeExpositions(texts);
  expect(merged.split('# TYPE calls_total counter')).toHaveLength(2);
  expect(merged).toContain('calls_total{service="tool"} 2\ncalls_total{service="auth"} 2\n');
  expect(merged).toContain('call_seconds_count{service="tool"} 1');
  expect(merged).toContain('call_seconds_count{service="auth"} 1');
});

test('one registry stays as it is, and none gives nothing', async () => {
  const text = await registryOf('tool').metrics();
  expect(mergeExpositions([text])).toBe(text);
  expect(mergeExpositions(['\n', ''])).toBe('');
});
