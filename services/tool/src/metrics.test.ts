import { testPlatform } from '@gantry/testkit';
import { expect, test } from 'vitest';

import { createToolMetrics } from './metrics.ts';

test('counts what runs, and how it ended, by tool', async () => {
  const { metrics: registry } = testPlatform('tool');
  const metrics = createToolMetrics(registry);
  const first = metrics.started();
  const second = metrics.started();
  expect(await registry.metrics()).toContain('gantry_tool_calls_running{service="tool"} 2');
  first('echo', 'succeeded');
  second(undefined, 'refused');
  const text = await registry.metrics();
  expect(text).toContain('gantry_tool_calls_running{service="tool"} 0');
  expect(text).toContain('gantry_tool_call_seconds_count{service="tool",tool="echo",outcome="succeeded"} 1');
  expect(text).toContain('gantry_tool_call_seconds_count{service="tool",tool="",outcome="refused"} 1');
});
