import { setImmediate as nextTurn } from 'node:timers/promises';

import { AppError } from '@gantry/errors';
import { CallToolRequest, Tool, ToolServiceDefinition } from '@gantry/protocol/gantry/tool/v1/tool_service';
import { createTracing } from '@gantry/telemetry';
import { startTcpProxy, type TcpProxy } from '@gantry/testkit';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';

import { createRpcClient, openRpcConnection, type RpcServer } from '../../src/index.ts';
import { startWorld, type ToolHandlers } from '../rpc-world.ts';
import { heldOnLanes, metricOf, NOTHING_HELD } from './lane-metrics-of.ts';

/** Replies of one streaming call. */
const REPLIES = 5;

interface Wave {
  readonly calls: readonly {
    readonly isStream: boolean;
    readonly turns: number;
    readonly end: 'wait' | 'cancel' | 'deadline';
  }[];
  readonly fault: 'none' | 'cut' | 'restart' | 'unserving' | 'drain';
  /** After how many turns the fault comes. */
  readonly after: number;
  readonly replica: 0 | 1;
}

const wave: fc.Arbitrary<Wave> = fc.record({
  calls: fc.array(
    fc.record({
      isStream: fc.boolean(),
      turns: fc.nat(6),
      end: fc.constantFrom('wait' as const, 'wait' as const, 'cancel' as const, 'deadline' as const),
    }),
    { minLength: 1, maxLength: 60, size: 'max' },
  ),
  fault: fc.constantFrom('none' as const, 'cut' as const, 'restart' as const, 'unserving' as const, 'drain' as const),
  after: fc.nat(8),
  replica: fc.constantFrom(0 as const, 1 as const),
});

/** How often each call that must not be repeated began at a server. */
class Echo {
  readonly begun = new Map<string, number>();

  readonly handlers: Partial<ToolHandlers> = {
    getTool: async ({ name }) => {
      await turns(name.length % 4);
      return { tool: Tool.create({ name }) };
    },
    callTool: (request) => this.#callTool(request),
  };

  async *#callTool({ name }: CallToolRequest) {
    this.begun.set(name, (this.begun.get(name) ?? 0) + 1);
    for (let progress = 1; progress <= REPLIES; progress += 1) {
      await turns(name.length % 3);
      yield { event: { $case: 'progress' as const, value: { progress, total: REPLIES, message: name } } };
    }
  }
}

class Replica {
  readonly #start: (port: number) => Promise<RpcServer>;
  #server: RpcServer;
  readonly proxy: TcpProxy;

  constructor(server: RpcServer, proxy: TcpProxy, start: (port: number) => Promise<RpcServer>) {
    this.#server = server;
    this.proxy = proxy;
    this.#start = start;
  }

  /** Something happens to it, and is over. */
  async suffer(fault: Wave['fault']): Promise<void> {
    if (fault === 'cut') {
      this.proxy.cut();
      await turns(2);
      this.proxy.heal();
    } else if (fault === 'unserving') {
      this.#server.setServing(false);
      await turns(20);
      this.#server.setServing(true);
    } else if (fault !== 'none') {
      if (fault === 'drain') await this.#server.drain(50);
      await this[Symbol.asyncDispose]();
      this.#server = await this.#start(this.#server.port);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await nextTurn();
}

test('whatever happens to servers and connections, calls get their own answers, once, and nothing stays behind', async () => {
  await using stack = new AsyncDisposableStack();
  const echo = new Echo();
  const world = stack.use(await startWorld({ handlers: echo.handlers }));
  const replicas: Replica[] = [];
  for (let count = 0; count < 2; count += 1) {
    const server = await world.startServer(0);
    const proxy = stack.use(await startTcpProxy(server.address));
    replicas.push(stack.use(new Replica(server, proxy, world.startServer)));
  }
  const target = `ipv4:${replicas.map(({ proxy }) => proxy.address).join(',')}`;
  const connection = stack.use(openRpcConnection({ peer: 'tool', target, metrics: world.clientMetrics }));
  const tracing = await createTracing({ service: 'gateway' });
  let calls = 0;
  let answered = 0;

  const one = async ({ isStream, turns: before, end }: Wave['calls'][number]) => {
    calls += 1;
    const name = `${'x'.repeat(calls % 7)}-${calls}`;
    await turns(before);
    // One for each call: its breaker would hide from us what happens to the others.
    using client = createRpcClient(ToolServiceDefinition, {
      peer: 'tool',
      target: connection,
      metrics: world.clientMetrics,
      tracing,
    });
    const controller = new AbortController();
    const options = {
      assertion: 'ann',
      signal: controller.signal,
      // The least that is worth a hop, so that it passes on the way now and then.
      deadlineMs: Date.now() + (end === 'deadline' ? 122 : 20_000),
    };
    if (end === 'cancel') void turns(before).then(() => controller.abort());
    if (!isStream) {
      expect((await client.getTool({ name }, options)).tool?.name).toBe(name);
      return;
    }
    const heard: string[] = [];
    for await (const { event } of client.callTool(CallToolRequest.create({ name }), options)) {
      if (event?.$case === 'progress') heard.push(`${event.value.message} ${event.value.progress}`);
    }
    expect(heard).toEqual(Array.from({ length: REPLIES }, (_, index) => `${name} ${index + 1}`));
  };

  await fc.assert(
    fc.asyncProperty(fc.array(wave, { minLength: 1, maxLength: 4 }), async (waves) => {
      for (const { calls: planned, fault, after, replica } of waves) {
        const fate = turns(after).then(() => replicas[replica]?.suffer(fault));
        const results = await Promise.allSettled(planned.map(one));
        await fate;
        for (const result of results) {
          // A wrong answer is no AppError.
          if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(AppError);
          else answered += 1;
        }
      }
      expect([...echo.begun.entries()].filter(([, count]) => count > 1)).toEqual([]);
      await vi.waitFor(async () => {
        expect(await heldOnLanes('client', world.clientMetrics)).toEqual(NOTHING_HELD);
        expect(await heldOnLanes('server', world.serverMetrics)).toEqual(NOTHING_HELD);
      });
    }),
    { numRuns: 25, interruptAfterTimeLimit: 8_000, markInterruptAsFailure: false, endOnFailure: true },
  );
  // It was not all failures.
  expect(answered).toBeGreaterThan(calls / 4);

  // grpc-js does not always close what is connecting while its client is closed.
  const lanesOpen = () => metricOf(world.clientMetrics, 'gantry_rpc_client_lanes');
  await vi.waitFor(async () => expect(await lanesOpen()).toBe(2), { timeout: 15_000 });
  connection[Symbol.dispose]();
  await vi.waitFor(
    async () => {
      expect(await lanesOpen()).toBe(0);
      expect(await metricOf(world.serverMetrics, 'gantry_rpc_server_lanes')).toBe(0);
      expect(replicas.map(({ proxy }) => proxy.connectionCount)).toEqual([0, 0]);
    },
    { timeout: 15_000 },
  );
});
