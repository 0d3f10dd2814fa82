import { CallToolRequest, ToolServiceDefinition } from '@gantry/protocol/gantry/tool/v1/tool_service';
import { createMetricsRegistry, createTracing } from '@gantry/telemetry';
import { expect, test } from 'vitest';

import { createRpcClient } from '../src/index.ts';
import { startWorld, ways } from './rpc-world.ts';

const request = CallToolRequest.create({ name: 'echo' });

test.each(ways)('over %s a stream whose caller goes while its token is made fails, and is not opened', async (way) => {
  await using world = await startWorld({ way });
  const { promise: token, resolve: mint } = Promise.withResolvers<string>();
  using client = createRpcClient(ToolServiceDefinition, {
    peer: 'tool',
    target: world.server.address,
    metrics: createMetricsRegistry({ service: 'gateway' }),
    tracing: await createTracing({ service: 'gateway' }),
    mintServiceToken: () => token,
  });
  const controller = new AbortController();
  const first = client.callTool(request, { signal: controller.signal })[Symbol.asyncIterator]().next();
  controller.abort();
  mint('gateway');
  await expect(first).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(await world.serverMetrics.metrics()).not.toContain('grpc_method="CallTool"');
});
