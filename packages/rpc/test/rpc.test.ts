import { AppError } from '@gantry/errors';
import { CallToolRequest, type CallToolResponse, ListToolsRequest } from '@gantry/protocol/gantry/tool/v1/tool_service';
import { describe, expect, test, vi } from 'vitest';

import type { CallContext } from '../src/index.ts';
import { answeringHandlers, principal, startWorld as startAnyWorld, type WorldOptions, ways } from './rpc-world.ts';

const ann = { assertion: 'ann' };
const listRequest = ListToolsRequest.create();
const callRequest = CallToolRequest.create({ name: 'echo', argumentsJson: new TextEncoder().encode('{"a":1}') });

async function collect(messages: AsyncIterable<CallToolResponse>): Promise<CallToolResponse[]> {
  return await Array.fromAsync(messages);
}

describe.each(ways)('over %s', (way) => {
  const startWorld = (options: WorldOptions = {}) => startAnyWorld({ ...options, way });

  describe('a server', () => {
    test('that cannot listen says why and what to do, once', async () => {
      const stderr = vi.spyOn(process.stderr, 'write');
      const errors = vi.spyOn(console, 'error');
      await using world = await startWorld();
      await expect(world.startServer(world.server.port)).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
        reason: 'ADDRESS_UNAVAILABLE',
        message: `cannot listen on 127.0.0.1:${world.server.port}: it is in use; stop the other program, or choose another port (0 takes any free one)`,
      });
      // gRPC has its own way of telling, which is for nobody.
      expect(stderr).not.toHaveBeenCalled();
      expect(errors).not.toHaveBeenCalled();
    });
  });

  describe('a call', () => {
    test('reaches its handler with the principal and comes back', async () => {
      let seen: CallContext | undefined;
      await using world = await startWorld({
        handlers: { getTool: async ({ name }, context) => ((seen = context), { tool: { ...toolNamed(name) } }) },
      });
      const { tool } = await world.client.getTool({ name: 'echo' }, { ...ann, requestId: 'r-1' });
      expect(tool?.name).toBe('echo');
      expect(seen?.principal).toEqual(principal);
      expect(seen?.requestId).toBe('r-1');
      expect(seen?.assertion).toBe('ann');
    });

    test('that streams gives every message in order, then ends', async () => {
      await using world = await startWorld();
      const messages = await collect(world.client.callTool(callRequest, ann));
      expect(messages.map(({ event }) => event?.$case)).toEqual(['progress', 'result']);
    });

    test('carries its trace on, as a child of the caller', async () => {
      const seen: CallContext[] = [];
      await using world = await startWorld({
        handlers: {
          listTools: async (request, context) => (seen.push(context), answeringHandlers.listTools(request, context)),
        },
      });
      const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true };
      await world.client.listTools(listRequest, { ...ann, trace });
      expect(seen[0]?.trace.traceId).toBe(trace.traceId);
      expect(seen[0]?.trace.spanId).not.toBe(trace.spanId);
    });

    test('goes the way it should', async () => {
      await using world = await startWorld();
      await world.client.listTools(listRequest, ann);
      await collect(world.client.callTool(callRequest, ann));
      const frames = /gantry_rpc_client_lane_calls_per_frame_count\{[^}]*\} (\d+)/.exec(
        await world.clientMetrics.metrics(),
      )?.[1];
      expect(Number(frames ?? 0) > 0).toBe(way === 'lane');
    });

    test('is counted and timed on both sides', async () => {
      await using world = await startWorld();
      await world.client.listTools(listRequest, ann);
      const labels = 'grpc_type="unary",grpc_service="gantry.tool.v1.ToolService",grpc_method="ListTools"';
      const server = await world.serverMetrics.metrics();
      const client = await world.clientMetrics.metrics();
      expect(server).toContain(`grpc_server_handled_total{${labels},grpc_code="OK",service="tool"} 1`);
      expect(server).toContain(`grpc_server_handling_seconds_count{service="tool",${labels}} 1`);
      expect(client).toContain(`grpc_client_handled_total{${labels},grpc_code="OK",service="gateway"} 1`);
    });
  });

  describe('an error', () => {
    const thrown = new AppError({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'TOOL_BUSY',
      message: 'the tool is busy; wait and try again',
      metadata: { tool: 'echo' },
      retryAfterMs: 1_500,
      fieldViolations: [{ field: 'name', description: 'is busy' }],
      cause: new Error('secret'),
    });

    test('of a handler arrives whole, its cause excepted', async () => {
      await using world = await startWorld({ handlers: { getTool: () => Promise.reject(thrown) } });
      const error = await world.client.getTool({ name: 'x' }, ann).catch((caught: unknown) => caught);
      expect(error).toMatchObject({
        code: 'RESOURCE_EXHAUSTED',
        reason: 'TOOL_BUSY',
        message: 'the tool is busy; wait and try again',
        domain: 'tool',
        metadata: { tool: 'echo' },
        retryAfterMs: 1_500,
        fieldViolations: [{ field: 'name', description: 'is busy' }],
      });
      expect((error as Error).cause).toBeUndefined();
    });

    test('after two messages of a stream does not lose them', async () => {
      await using world = await startWorld({
        handlers: {
          async *callTool(request, context) {
            yield* answeringHandlers.callTool(request, context);
            throw thrown;
          },
        },
      });
      const received: string[] = [];
      const consume = async () => {
        for await (const { event } of world.client.callTool(callRequest, ann)) received.push(event?.$case ?? '');
      };
      await expect(consume()).rejects.toMatchObject({ reason: 'TOOL_BUSY' });
      expect(received).toEqual(['progress', 'result']);
    });

    test.each(['half a pair: \ud83d', `${'x'.repeat(299)}😀`, '€'.repeat(100_000), 'line\nbreak\u0000 and %'])(
      'whose message cannot be a header as it is, is answered all the same: %#',
      async (message) => {
        const thrower = () => Promise.reject(new AppError({ code: 'NOT_FOUND', reason: 'TOOL_NOT_FOUND', message }));
        await using world = await startWorld({ handlers: { getTool: thrower } });
        await expect(world.client.getTool({ name: 'x' }, ann)).rejects.toMatchObject({ reason: 'TOOL_NOT_FOUND' });
      },
    );

    test('that is a bug is INTERNAL without its text, and is logged once with its cause', async () => {
      await using world = await startWorld({
        handlers: { getTool: () => Promise.reject(new Error('password=hunter2')) },
      });
      await expect(world.client.getTool({ name: 'x' }, { ...ann, requestId: 'r-2' })).rejects.toMatchObject({
        code: 'INTERNAL',
        message: 'internal error',
      });
      const errors = world.logLines.filter(({ level }) => level === 'error');
      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatchObject({ requestId: 'r-2', rpc: 'gantry.tool.v1.ToolService/GetTool' });
      expect(JSON.stringify(errors[0])).toContain('hunter2');
    });
  });

  describe('a method that is not built yet', () => {
    test('answers UNIMPLEMENTED and names itself, unary and streaming', async () => {
      await using world = await startWorld();
      const expected = {
        code: 'UNIMPLEMENTED',
        reason: 'METHOD_UNIMPLEMENTED',
        message: expect.stringContaining('TaskService'),
      };
      await expect(world.tasks.getTask({ taskId: '1' }, ann)).rejects.toMatchObject(expected);
      await expect(Array.fromAsync(world.tasks.watchTasks({ taskIds: [] }, ann))).rejects.toMatchObject(expected);
    });
  });

  describe('access', () => {
    test('without an assertion is UNAUTHENTICATED', async () => {
      await using world = await startWorld();
      await expect(world.client.listTools(listRequest)).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
        reason: 'ASSERTION_MISSING',
      });
    });

    test('with a bad assertion is UNAUTHENTICATED, also for a stream', async () => {
      await using world = await startWorld();
      await expect(collect(world.client.callTool(callRequest, { assertion: 'mallory' }))).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
        reason: 'ASSERTION_INVALID',
      });
    });

    test('of a principal to a method for services is refused, and the other way round', async () => {
      await using world = await startWorld({ access: { listTools: 'service' } });
      await expect(world.client.listTools(listRequest, ann)).rejects.toMatchObject({ reason: 'CALLER_REFUSED' });
      await expect(world.client.listTools(listRequest, { assertion: 'gateway' })).resolves.toBeDefined();
      await expect(world.client.getTool({ name: 'x' }, { assertion: 'gateway' })).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
        reason: 'CALLER_REFUSED',
      });
    });

    test('to an anonymous method has no principal to be mistaken for one', async () => {
      await using world = await startWorld({
        access: { getTool: 'anonymous' },
        handlers: { getTool: async (_request, context) => ({ tool: toolNamed(context.principal.userId) }) },
      });
      await expect(world.client.getTool({ name: 'x' })).rejects.toMatchObject({ code: 'INTERNAL' });
    });
  });

  describe('a deadline', () => {
    test('shrinks at a hop', async () => {
      const seen: number[] = [];
      await using world = await startWorld({
        handlers: {
          listTools: async (request, context) => (
            seen.push(context.deadlineMs),
            answeringHandlers.listTools(request, context)
          ),
        },
      });
      const deadlineMs = Date.now() + 5_000;
      await world.client.listTools(listRequest, { ...ann, deadlineMs });
      expect(seen[0]).toBeLessThan(deadlineMs);
    });

    test('that is nearly over is refused before the hop', async () => {
      await using world = await startWorld();
      const deadlineMs = Date.now() + 50;
      await expect(world.client.listTools(listRequest, { ...ann, deadlineMs })).rejects.toMatchObject({
        code: 'DEADLINE_EXCEEDED',
        reason: 'DEADLINE_TOO_CLOSE',
      });
    });

    test('ends a call whose handler never does, and tells the handler', async () => {
      const { promise: aborted, resolve } = Promise.withResolvers<unknown>();
      await using world = await startWorld({
        handlers: {
          getTool: (_request, { signal }) => {
            signal.addEventListener('abort', () => resolve(signal.reason));
            return new Promise(() => {});
          },
        },
      });
      const deadlineMs = Date.now() + 150;
      await expect(world.client.getTool({ name: 'x' }, { ...ann, deadlineMs })).rejects.toMatchObject({
        code: 'DEADLINE_EXCEEDED',
      });
      await aborted;
    });
  });

  describe('cancellation', () => {
    test('by the caller reaches a unary handler', async () => {
      const { promise: started, resolve: start } = Promise.withResolvers<void>();
      const { promise: aborted, resolve: abort } = Promise.withResolvers<void>();
      await using world = await startWorld({
        handlers: {
          getTool: (_request, { signal }) => {
            signal.addEventListener('abort', () => abort());
            start();
            return new Promise(() => {});
          },
        },
      });
      const controller = new AbortController();
      const call = world.client.getTool({ name: 'x' }, { ...ann, signal: controller.signal });
      await started;
      controller.abort();
      await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
      await aborted;
    });

    test('by leaving the loop of a stream reaches its handler', async () => {
      const { promise: ended, resolve: end } = Promise.withResolvers<void>();
      await using world = await startWorld({
        handlers: {
          async *callTool(request, context) {
            try {
              while (!context.signal.aborted) yield* answeringHandlers.callTool(request, context);
            } finally {
              end();
            }
          },
        },
      });
      for await (const _message of world.client.callTool(callRequest, ann)) break;
      await ended;
    });

    test('is not what the end of a stream looks like: thousands of finished streams do not close the session', async () => {
      await using world = await startWorld();
      // Node closes a session after a burst of 1,000 resets.
      for (let batch = 0; batch < 30; batch += 1) {
        await Promise.all(Array.from({ length: 100 }, () => collect(world.client.callTool(callRequest, ann))));
      }
    });

    test('by thousands of callers at once does not take the session from the others', async () => {
      await using world = await startWorld({
        handlers: {
          // Answers once the caller is gone, or soon: what is beyond the budget of resets is left to end by itself.
          getTool: ({ name }, { signal }) =>
            name === 'other'
              ? Promise.resolve({ tool: undefined })
              : new Promise((resolve) => {
                  signal.addEventListener('abort', () => resolve({ tool: undefined }));
                  setTimeout(() => resolve({ tool: undefined }), 20);
                }),
        },
      });
      for (let batch = 0; batch < 20; batch += 1) {
        const controller = new AbortController();
        const options = { ...ann, signal: controller.signal };
        const calls = Array.from({ length: 150 }, () =>
          world.client.getTool({ name: 'x' }, options).catch(() => 'cancelled'),
        );
        const other = world.client.getTool({ name: 'other' }, ann);
        setImmediate(() => controller.abort());
        await Promise.all(calls);
        await expect(other).resolves.toBeDefined();
      }
    });

    test('before the call is sent sends nothing', async () => {
      await using world = await startWorld();
      const signal = AbortSignal.abort();
      await expect(world.client.getTool({ name: 'x' }, { ...ann, signal })).rejects.toMatchObject({
        code: 'CANCELLED',
      });
      await expect(collect(world.client.callTool(callRequest, { ...ann, signal }))).rejects.toMatchObject({
        code: 'CANCELLED',
      });
      expect(await world.serverMetrics.metrics()).not.toContain('grpc_server_started_total{');
    });
  });
});

function toolNamed(name: string) {
  const empty = new Uint8Array(0);
  return {
    name,
    title: '',
    description: '',
    inputSchemaJson: empty,
    outputSchemaJson: empty,
    annotationsJson: empty,
    timeout: undefined,
  };
}
