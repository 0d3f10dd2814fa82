import {
  CallToolRequest,
  type CallToolResponse,
  type GetToolResponse,
  ListToolsRequest,
  Tool,
  type ToolProgress,
} from '@gantry/protocol/gantry/tool/v1/tool_service';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';

import { answeringHandlers, startWorld as startAnyWorld, type WorldOptions, ways } from './rpc-world.ts';

const ann = { assertion: 'ann' };
const listRequest = ListToolsRequest.create();
const callRequest = CallToolRequest.create({ name: 'echo' });

async function collect(messages: AsyncIterable<CallToolResponse>): Promise<CallToolResponse[]> {
  return await Array.fromAsync(messages);
}

describe.each(ways)('over %s', (way) => {
  const startWorld = (options: WorldOptions = {}) => startAnyWorld({ ...options, way });

  describe('a response that is no message', () => {
    // What a handler may answer all the same: its types end where JSON or a database begins.
    const nanos = 1.5;
    const wrong = { tool: { ...Tool.create(), timeout: { seconds: 1n, nanos } } };

    test('ends its call as INTERNAL, and no other', async () => {
      await using world = await startWorld({
        handlers: {
          getTool: async ({ name }) =>
            name === 'wrong' ? (wrong as unknown as GetToolResponse) : { tool: Tool.create({ name }) },
        },
      });
      const right = world.client.getTool({ name: 'right' }, ann);
      await expect(world.client.getTool({ name: 'wrong' }, ann)).rejects.toMatchObject({ code: 'INTERNAL' });
      await expect(right).resolves.toMatchObject({ tool: { name: 'right' } });
    });

    test('ends its stream as INTERNAL, and its handler cleans up', async () => {
      const { promise: returned, resolve } = Promise.withResolvers<void>();
      await using world = await startWorld({
        handlers: {
          async *callTool() {
            try {
              yield { event: { $case: 'progress', value: null as unknown as ToolProgress } };
            } finally {
              resolve();
            }
          },
        },
      });
      await expect(collect(world.client.callTool(callRequest, ann))).rejects.toMatchObject({ code: 'INTERNAL' });
      await returned;
    });
  });

  describe('bad input on the wire', () => {
    const raw = (target: string, bytes: Buffer, metadata: Metadata) => {
      const client = new Client(target, credentials.createInsecure());
      const pass = (buffer: Buffer) => buffer;
      return new Promise<number>((resolve) => {
        client.makeUnaryRequest('/gantry.tool.v1.ToolService/GetTool', pass, pass, bytes, metadata, (error) => {
          client.close();
          resolve(error?.code ?? 0);
        });
      });
    };
    const asAnn = () => {
      const metadata = new Metadata();
      metadata.set('gantry-assertion', 'ann');
      return metadata;
    };

    test('that is not a message is INVALID_ARGUMENT', async () => {
      await using world = await startWorld();
      expect(await raw(world.server.address, Buffer.from([0x0a, 0xff, 0xff]), asAnn())).toBe(3);
    });

    test('with more metadata than the cap is RESOURCE_EXHAUSTED', async () => {
      await using world = await startWorld();
      const metadata = asAnn();
      metadata.set('padding', 'x'.repeat(9_000));
      expect(await raw(world.server.address, Buffer.alloc(0), metadata)).toBe(8);
      await expect(world.client.listTools(listRequest, ann)).resolves.toBeDefined();
    });

    test('that never comes whole is DEADLINE_EXCEEDED, and nothing stays open', async () => {
      await using world = await startWorld({ server: { requestTimeoutMs: 50 } });
      const client = new Client(world.server.address, credentials.createInsecure());
      const pass = (buffer: Buffer) => buffer;
      const codes = Array.from({ length: 50 }, () => {
        const { promise, resolve } = Promise.withResolvers<number>();
        const path = '/gantry.tool.v1.ToolService/GetTool';
        // A stream that is never closed: to the server, a unary call whose request does not end.
        client.makeClientStreamRequest(path, pass, pass, asAnn(), (error) => resolve(error?.code ?? 0));
        return promise;
      });
      expect(new Set(await Promise.all(codes))).toEqual(new Set([4]));
      client.close();
    });

    test('over the message cap is RESOURCE_EXHAUSTED, and other calls are unharmed', async () => {
      await using world = await startWorld();
      const big = CallToolRequest.create({ name: 'x', argumentsJson: new Uint8Array(5 * 1024 * 1024) });
      await expect(collect(world.client.callTool(big, ann))).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
      await expect(world.client.listTools(listRequest, ann)).resolves.toBeDefined();
    });

    test('a request id with control characters is replaced', async () => {
      const seen: string[] = [];
      await using world = await startWorld({
        handlers: {
          listTools: async (request, context) => (
            seen.push(context.requestId),
            answeringHandlers.listTools(request, context)
          ),
        },
      });
      await world.client.listTools(listRequest, { ...ann, requestId: 'has space' });
      expect(seen[0]).toMatch(/^[0-9a-f-]{36}$/);
    });
  });
});
