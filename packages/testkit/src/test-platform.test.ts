import { expect, test } from 'vitest';

import { testPlatform } from './test-platform.ts';

test('a test platform has a registry of its own, traces that flow and readiness that can be read', async () => {
  const platform = testPlatform('tool');
  expect(platform.name).toBe('tool');
  expect(platform.metrics).not.toBe(testPlatform('tool').metrics);
  const parent = platform.tracing.startSpan('call', { kind: 'server' }).context;
  expect(platform.tracing.startSpan('query', { kind: 'client', parent }).context.traceId).toBe(parent.traceId);

  platform.readiness.addCheck('store', () => Promise.reject(new Error('down')));
  platform.readiness.markStarted();
  expect(await platform.readiness.report()).toMatchObject({ status: 'unready', isReady: false });
});
