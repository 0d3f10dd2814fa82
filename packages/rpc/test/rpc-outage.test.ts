import { AppError } from '@gantry/errors';
import { ListToolsRequest } from '@gantry/protocol/gantry/tool/v1/tool_service';
import { Client, credentials } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { describe, expect, test, vi } from 'vitest';

import { answeringHandlers, startWorld as startAnyWorld, type WorldOptions, ways } from './rpc-world.ts';

const ann = { assertion: 'ann' };
const listRequest = ListToolsRequest.create();
const unavailable = new AppError({ code: 'UNAVAILABLE', reason: 'RESTARTING', message: 'try again' });

describe.each(ways)('over %s', (way) => {
  const startWorld = (options: WorldOptions = {}) => startAnyWorld({ ...options, way });

  test('a read is retried on UNAVAILABLE, a tool call is not', async () => {
    const listTools = vi.fn(answeringHandlers.listTools).mockRejectedValueOnce(unavailable);
    let calls = 0;
    await using world = await startWorld({
      handlers: {
        listTools,
        // eslint-disable-next-line require-yield -- It fails before its first message.
        async *callTool() {
          calls += 1;
          throw unavailable;
        },
      },
    });
    await expect(world.client.listTools(listRequest, ann)).resolves.toBeDefined();
    expect(listTools).toHaveBeenCalledTimes(2);
    const call = Array.fromAsync(
      world.client.callTool(
        { name: 'x', argumentsJson: new Uint8Array(0), idempotencyKey: '', metaJson: new Uint8Array(0) },
        ann,
      ),
    );
    await expect(call).rejects.toMatchObject({ reason: 'RESTARTING' });
    expect(calls).toBe(1);
  });

  test('a request at fault is not retried', async () => {
    const getTool = vi.fn(() =>
      Promise.reject(new AppError({ code: 'NOT_FOUND', reason: 'TOOL_NOT_FOUND', message: 'no such tool' })),
    );
    await using world = await startWorld({ handlers: { getTool } });
    await expect(world.client.getTool({ name: 'x' }, ann)).rejects.toMatchObject({ reason: 'TOOL_NOT_FOUND' });
    expect(getTool).toHaveBeenCalledTimes(1);
  });

  test('a service that is gone fails fast once the breaker is open, and is found again when it is back', async () => {
    await using world = await startWorld();
    await world.client.listTools(listRequest, ann);
    const { port } = world.server;
    await world.server.drain(1_000);
    await vi.waitFor(
      () =>
        expect(world.client.listTools(listRequest, ann)).rejects.toMatchObject({
          code: 'UNAVAILABLE',
          reason: 'CIRCUIT_OPEN',
        }),
      { timeout: 10_000 },
    );
    await using _revived = await world.startServer(port);
    await vi.waitFor(() => expect(world.client.listTools(listRequest, ann)).resolves.toBeDefined(), {
      timeout: 10_000,
    });
  });

  test('a service that answers with errors is not cut off from its callers', async () => {
    const dead = new AppError({ code: 'UNAVAILABLE', reason: 'UPSTREAM_UNAVAILABLE', message: 'the upstream is down' });
    await using world = await startWorld({ handlers: { getTool: () => Promise.reject(dead) } });
    for (let i = 0; i < 20; i += 1) {
      await expect(world.client.getTool({ name: 'x' }, ann)).rejects.toMatchObject({ reason: 'UPSTREAM_UNAVAILABLE' });
    }
    await expect(world.client.listTools(listRequest, ann)).resolves.toBeDefined();
  });

  test('callers who allow too little time do not make the service look dead to the others', async () => {
    await using world = await startWorld({
      handlers: {
        getTool: ({ name }) => (name === 'slow' ? new Promise(() => {}) : Promise.resolve({ tool: undefined })),
      },
    });
    const impatient = () =>
      world.client.getTool({ name: 'slow' }, { ...ann, deadlineMs: Date.now() + 130 }).catch((error: unknown) => error);
    const errors = await Promise.all(Array.from({ length: 20 }, impatient));
    for (const error of errors) expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await expect(world.client.getTool({ name: 'quick' }, ann)).resolves.toBeDefined();
  });

  test('a target is resolved by DNS', async () => {
    await using world = await startWorld();
    using client = world.clientOf(`dns:///localhost:${world.server.port}`);
    await expect(client.listTools(listRequest, ann)).resolves.toBeDefined();
  });

  test('draining lets calls in flight finish and refuses new ones', async () => {
    const { promise: started, resolve: start } = Promise.withResolvers<void>();
    const { promise: release, resolve: finish } = Promise.withResolvers<void>();
    await using world = await startWorld({
      handlers: {
        async getTool() {
          start();
          await release;
          return { tool: undefined };
        },
      },
    });
    const inFlight = world.client.getTool({ name: 'x' }, ann);
    await started;
    const drained = world.server.drain(10_000);
    finish();
    await expect(inFlight).resolves.toEqual({ tool: undefined });
    await drained;
    await expect(world.client.listTools(listRequest, ann)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('calls are spread over the replicas, and none goes to one that says it does not serve', async () => {
    const served = { a: 0, b: 0 };
    await using a = await startWorld({ handlers: { getTool: async () => ((served.a += 1), { tool: undefined }) } });
    await using b = await startWorld({ handlers: { getTool: async () => ((served.b += 1), { tool: undefined }) } });
    using client = a.clientOf(`ipv4:${a.server.address},${b.server.address}`);
    const callTen = () => Promise.all(Array.from({ length: 10 }, () => client.getTool({ name: 'x' }, ann)));
    await vi.waitFor(async () => {
      await callTen();
      expect(Math.min(served.a, served.b)).toBeGreaterThan(0);
    });

    a.server.setServing(false);
    await vi.waitFor(async () => {
      const before = served.a;
      await callTen();
      expect(served.a).toBe(before);
    });
    a.server.setServing(true);
    await vi.waitFor(async () => {
      const before = served.a;
      await callTen();
      expect(served.a).toBeGreaterThan(before);
    });
  });

  test('health answers SERVING for the server and for each service, and reflection lists the services', async () => {
    await using world = await startWorld();
    const client = new Client(world.server.address, credentials.createInsecure());
    const check = healthService['Check'];
    if (check === undefined) throw new Error('the health service has no Check');
    const status = (service: string) =>
      new Promise((resolve, reject) => {
        const done = (error: unknown, reply?: { status: string }) =>
          error === null ? resolve(reply?.status) : reject(error);
        client.makeUnaryRequest(
          check.path,
          check.requestSerialize,
          check.responseDeserialize,
          { service },
          done as never,
        );
      });
    expect(await status('')).toBe('SERVING');
    expect(await status('gantry.tool.v1.ToolService')).toBe('SERVING');
    expect(await listServices(client)).toEqual(
      expect.arrayContaining(['gantry.tool.v1.ToolService', 'gantry.tool.v1.TaskService']),
    );
    client.close();
  });
});

async function listServices(client: Client): Promise<string[]> {
  // ServerReflectionRequest { list_services = 7: "*" }; the response lists names as length-delimited strings.
  const pass = (bytes: Buffer) => bytes;
  const stream = client.makeBidiStreamRequest('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', pass, pass);
  stream.write(Buffer.from([0x3a, 0x01, 0x2a]));
  stream.end();
  const names: string[] = [];
  for await (const chunk of stream) names.push(...(String(chunk).match(/[a-z][\w.]+\.\w+/g) ?? []));
  return names;
}
