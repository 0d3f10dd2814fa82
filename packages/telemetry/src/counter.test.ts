import { expect, test } from 'vitest';

import { createCounter } from './counter.ts';
import { createMetricsRegistry } from './metrics-registry.ts';

function createCalls() {
  const registry = createMetricsRegistry({ service: 'tool' });
  const calls = createCounter({ name: 'calls_total', help: 'Calls.', labelNames: ['tool'], registers: [registry] });
  return { calls, registry };
}

test('a series counts from its first use and is not shown before it', async () => {
  const { calls, registry } = createCalls();
  const echo = calls.labels({ tool: 'echo' });
  expect(await registry.metrics()).toBe('# HELP calls_total Calls.\n# TYPE calls_total counter\n');
  echo.inc();
  echo.inc(2.5);
  expect(await registry.metrics()).toContain('calls_total{tool="echo",service="tool"} 3.5\n');
});

test('the same labels give the same series, in any order', () => {
  const registers = [createMetricsRegistry({ service: 'tool' })];
  const calls = createCounter({ name: 'calls_total', help: 'Calls.', labelNames: ['tool', 'code'], registers });
  expect(calls.labels({ tool: 'a', code: 'b' })).toBe(calls.labels({ code: 'b', tool: 'a' }));
  expect(calls.labels({ tool: 'a', code: 'b' })).not.toBe(calls.labels({ tool: 'b', code: 'a' }));
});

test('a series that is held goes on counting after a reset', async () => {
  const { calls, registry } = createCalls();
  const echo = calls.labels({ tool: 'echo' });
  echo.inc(5);
  registry.resetMetrics();
  expect(await registry.metrics()).not.toContain('echo');
  echo.inc();
  expect(await registry.metrics()).toContain('calls_total{tool="echo",service="tool"} 1\n');
});

test('a series keeps its labels when the object they came in changes', async () => {
  const { calls, registry } = createCalls();
  const labels = { tool: 'echo' };
  const series = calls.labels(labels);
  labels.tool = 'other';
  series.inc();
  expect(await registry.metrics()).toContain('tool="echo"');
});

test.each([-1, Number.NaN, Infinity])('growing by %d is refused and counts nothing', async (by) => {
  const { calls, registry } = createCalls();
  expect(() => calls.labels({ tool: 'echo' }).inc(by)).toThrow(RangeError);
  expect(await registry.metrics()).not.toContain('echo');
});

test.each([{}, { tool: 'echo', user: 'ann' }, { user: 'ann' }])('the labels %j are refused', (labels) => {
  const { calls } = createCalls();
  // @ts-expect-error The compiler refuses them as well.
  expect(() => calls.labels(labels)).toThrow(TypeError);
});

test('a name that the registry already has is refused', () => {
  const { registry } = createCalls();
  expect(() => createCounter({ name: 'calls_total', help: 'Others.', registers: [registry] })).toThrow(
    'already been registered',
  );
});
