import { GetToolRequest, GetToolResponse, ToolServiceDefinition } from '@gantry/protocol/gantry/tool/v1/tool_service';
import { createTracing } from '@gantry/telemetry';
import { describe, expect, test } from 'vitest';

import { bindService, createRpcClient, openRpcConnection, unimplemented, withEncodedRequests } from '../src/index.ts';
import { startWorld, ways } from './rpc-world.ts';

const encodedDefinition = withEncodedRequests(ToolServiceDefinition, 'getTool');
const request = { name: 'echo' };

describe.each(ways)('a method whose requests are bytes, by %s', (way) => {
  test('is called by a client that encodes for itself, whatever the server does', async () => {
    const asked: unknown[] = [];
    await using world = await startWorld({
      way,
      handlers: {
        getTool: async (decoded) => {
          asked.push(decoded);
          return GetToolResponse.create();
        },
      },
    });
    const tracing = await createTracing({ service: 'gateway' });
    const { clientMetrics: metrics } = world;
    using connection = openRpcConnection({ peer: 'tool', target: world.server.address, metrics, way });
    using client = createRpcClient(encodedDefinition, { peer: 'tool', target: connection, metrics, tracing });
    await client.getTool(GetToolRequest.encode(request).finish(), { assertion: 'ann' });
    expect(asked).toEqual([request]);
  });

  test('is served to a client that knows nothing of it', async () => {
    const asked: Uint8Array[] = [];
    const handlers = {
      ...unimplemented(ToolServiceDefinition),
      getTool: async (bytes: Uint8Array) => {
        asked.push(bytes);
        return GetToolResponse.create();
      },
    };
    await using world = await startWorld({ way, server: { services: [bindService(encodedDefinition, handlers)] } });
    await world.client.getTool(request, { assertion: 'ann' });
    expect(asked.map((bytes) => GetToolRequest.decode(bytes))).toEqual([request]);
  });
});
