import perfHooks from 'node:perf_hooks';

import { Counter } from 'prom-client';
import { expect, test, vi } from 'vitest';

import { createMetricsRegistry } from './metrics-registry.ts';

test('every metric carries the service as a default label', async () => {
  const registry = createMetricsRegistry({ service: 'tool' });
  new Counter({ name: 'gantry_calls_total', help: 'Calls.', registers: [registry] }).inc();
  expect(await registry.metrics()).toContain('gantry_calls_total{service="tool"} 1');
});

test('a registry is empty unless process metrics are asked for', async () => {
  expect(createMetricsRegistry({ service: 'tool' }).getMetricsAsArray()).toEqual([]);
});

test('process metrics include memory and event loop lag', async () => {
  const text = await createMetricsRegistry({ service: 'tool', processMetrics: true }).metrics();
  expect(text).toContain('process_resident_memory_bytes{service="tool"}');
  expect(text).toContain('nodejs_eventloop_lag_p99_seconds{service="tool"}');
});

test('process metrics wake an idle process no more than ten times a second', () => {
  const monitor = vi.spyOn(perfHooks, 'monitorEventLoopDelay');
  createMetricsRegistry({ service: 'tool', processMetrics: true });
  expect(monitor.mock.calls).toEqual([[{ resolution: 100 }]]);
  monitor.mockRestore();
});

test('two registries of one process do not see each other', async () => {
  const first = createMetricsRegistry({ service: 'tool' });
  const second = createMetricsRegistry({ service: 'resource' });
  new Counter({ name: 'gantry_calls_total', help: 'Calls.', registers: [first] }).inc();
  expect(await second.metrics()).not.toContain('gantry_calls_total');
});
