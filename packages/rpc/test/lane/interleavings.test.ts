import type { AppError } from '@gantry/errors';
import { CallToolRequest, CallToolResponse, ToolServiceDefinition } from '@gantry/protocol/gantry/tool/v1/tool_service';
import { GetToolRequest, GetToolResponse } from '@gantry/protocol/gantry/tool/v1/tool_service';
import { createMetricsRegistry } from '@gantry/telemetry';
import { silentLogger } from '@gantry/testkit';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { bindService, boundMethods } from '../../src/bind-service.ts';
import { encodeMessage } from '../../src/encode-message.ts';
import { ClientLane } from '../../src/lane/client-lane.ts';
import { NotStartedError } from '../../src/lane/lane-errors.ts';
import { serverLaneLimits } from '../../src/lane/lane-limits.ts';
import { clientLaneLoad, serverLaneLoad } from '../../src/lane/lane-metrics.ts';
import { ServedLane } from '../../src/lane/served-lane.ts';
import { pathOf } from '../../src/method.ts';
import { ServerCall } from '../../src/server-call.ts';
import { deadlineInterceptor } from '../../src/server-interceptors.ts';
import type { OutgoingRequest, ReplyListener, SentCall } from '../../src/transport.ts';
import { LanePipe } from './lane-pipe.ts';
import { ScriptedCalls } from './scripted-calls.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
afterEach(() => void vi.useRealTimers());

/** The longest that a call may take. */
const LONGEST_MS = 120_000;

/** Two ends of one lane, and everything that happens to the calls on it. */
class LaneUnderTest {
  readonly #pipe = new LanePipe();
  readonly #registry = createMetricsRegistry({ service: 'test' });
  readonly #scripted = new ScriptedCalls();
  readonly #calls: TestedCall[] = [];
  readonly #server: ServedLane;
  readonly #client: ClientLane;
  #endings = 0;

  constructor() {
    this.#server = new ServedLane(this.#pipe.serverStream, {
      methodByPath: methodsOf(this.#scripted),
      interceptors: [deadlineInterceptor(LONGEST_MS)],
      createCall: (served, incoming) => new ServerCall(served, incoming, silentLogger()),
      domain: 'tool',
      load: serverLaneLoad(this.#registry),
      limits: { ...serverLaneLimits, callsInFlightMax: 8 },
      onEnded: () => (this.#endings += 1),
    });
    this.#client = new ClientLane({
      grpc: this.#pipe.grpc,
      peer: 'tool',
      load: clientLaneLoad(this.#registry),
      onReady: () => undefined,
      onRoom: () => undefined,
      onLeaving: () => undefined,
      onOutcome: () => undefined,
      onEnded: () => (this.#endings += 1),
    });
  }

  async run(action: Action): Promise<void> {
    await this.#act(action);
    // Handlers and the interceptors of their calls go on.
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  }

  #act(action: Action): void | Promise<void> {
    switch (action.kind) {
      case 'call':
        return this.#begin(action);
      case 'cancel':
        return this.#calls[action.index % Math.max(1, this.#calls.length)]?.cancel();
      case 'step':
        return this.#scripted.step(action.index, action.step);
      case 'deliver':
        for (let count = 0; count < action.count; count += 1) this.#pipe.deliver(action.to);
        return;
      case 'turn':
        return new Promise((resolve) => void setImmediate(resolve));
      case 'time':
        return void vi.advanceTimersByTime(action.ms);
      case 'drain':
        return this.#server.drain(action.graceMs);
      case 'leave':
        return this.#client.leave();
      case 'cut':
        return this.#pipe.cut();
    }
  }

  #begin({ isStream, timeoutMs }: Extract<Action, { kind: 'call' }>): void {
    if (!this.#client.isOpen || !this.#client.hasRoomFor(100)) return;
    const call = new TestedCall(`call-${this.#calls.length}`, isStream);
    call.sent = this.#client.begin(call.request(timeoutMs), call);
    this.#calls.push(call);
  }

  /** Lets everything come to its end, and says what must hold then. */
  async settle(): Promise<void> {
    await this.run({ kind: 'leave' });
    await this.#deliverAll();
    for (const { name, isOver } of this.#scripted.scripts) {
      if (this.#calls.some((call) => call.isFor(name) && call.isOver)) expect(isOver).toBe(true);
    }
    for (let round = 0; round < 20; round += 1) {
      this.#scripted.finish();
      await this.#deliverAll();
    }
    for (const call of this.#calls) call.check(this.#scripted);
    expect(this.#endings).toBe(2);
    const { calls, bytes } = serverLaneLoad(this.#registry);
    const client = clientLaneLoad(this.#registry);
    expect([calls, bytes, client.calls, client.bytes, this.#client.inFlight]).toEqual([0, 0, 0, 0, 0]);
    // The watch over the server's deadlines looks once more, finds nobody, and rests.
    vi.advanceTimersByTime(LONGEST_MS);
    expect(vi.getTimerCount()).toBe(0);
  }

  async #deliverAll(): Promise<void> {
    await this.run({ kind: 'turn' });
    while (!this.#pipe.isQuiet) {
      await this.run({ kind: 'deliver', to: 'server', count: 100 });
      await this.run({ kind: 'deliver', to: 'client', count: 100 });
      await this.run({ kind: 'turn' });
    }
  }
}

/** A call, and what was heard of it. */
class TestedCall implements ReplyListener {
  readonly #name: string;
  readonly #isStream: boolean;
  readonly #replies: string[] = [];
  readonly #ends: (AppError | undefined)[] = [];
  sent: SentCall | undefined;
  #isCancelled = false;

  constructor(name: string, isStream: boolean) {
    this.#name = name;
    this.#isStream = isStream;
  }

  /** Whether nobody waits for it any more. */
  get isOver(): boolean {
    return this.#isCancelled || this.#ends.length > 0;
  }

  isFor(name: string): boolean {
    return name === this.#name;
  }

  request(timeoutMs: number): OutgoingRequest {
    const { callTool, getTool } = ToolServiceDefinition.methods;
    const method = this.#isStream ? callTool : getTool;
    const message = this.#isStream
      ? CallToolRequest.create({ name: this.#name })
      : GetToolRequest.create({ name: this.#name });
    return {
      called: { method, path: pathOf(ToolServiceDefinition, method), rpc: '', recorder: silentRecorder },
      outgoing: {
        assertion: 'an assertion',
        requestId: undefined,
        traceparent: '',
        deadlineMs: Date.now() + timeoutMs,
        givenMs: timeoutMs,
        ended: () => undefined,
      },
      payload: encodeMessage(method.requestType, message),
    };
  }

  reply(payload: Buffer): void {
    this.#expectIsWaiting();
    const { event } = this.#isStream ? CallToolResponse.decode(payload) : { event: undefined };
    const unary = this.#isStream ? undefined : GetToolResponse.decode(payload).tool?.name;
    this.#replies.push(event?.$case === 'progress' ? `${event.value.message} ${event.value.progress}` : `${unary} 1`);
    this.sent?.consumed(payload.length);
  }

  ended(error: AppError | undefined): void {
    this.#expectIsWaiting();
    this.#ends.push(error);
  }

  cancel(): void {
    if (this.#ends.length > 0) return;
    this.#isCancelled = true;
    this.sent?.cancel();
  }

  check({ scripts }: ScriptedCalls): void {
    const begun = scripts.filter(({ name }) => name === this.#name);
    // Whoever hears that it was not started makes it again elsewhere.
    expect(begun.length).toBeLessThanOrEqual(this.#ends[0] instanceof NotStartedError ? 0 : 1);
    expect(this.#replies).toEqual(this.#replies.map((_, index) => `${this.#name} ${index + 1}`));
    expect(this.#ends).toHaveLength(this.#isCancelled ? 0 : 1);
    const [error] = this.#ends;
    if (error === undefined && !this.#isCancelled) expect(this.#replies).toHaveLength(begun[0]?.said ?? -1);
    if (error?.reason === 'TOOL_NOT_FOUND') expect(error.message).toBe(this.#name);
  }

  #expectIsWaiting(): void {
    expect(this.#isCancelled).toBe(false);
    expect(this.#ends).toEqual([]);
  }
}

const silentRecorder = { started: () => undefined, ended: () => undefined };

function methodsOf({ handlers }: ScriptedCalls) {
  const bound = boundMethods(bindService(ToolServiceDefinition, handlers, { access: {} }));
  return new Map(bound.map(([, one]) => [pathOf(ToolServiceDefinition, one.served.method), one]));
}

type Action =
  | { readonly kind: 'call'; readonly isStream: boolean; readonly timeoutMs: number }
  | { readonly kind: 'cancel'; readonly index: number }
  | { readonly kind: 'step'; readonly index: number; readonly step: 'say' | 'end' | 'fail' }
  | { readonly kind: 'deliver'; readonly to: 'server' | 'client'; readonly count: number }
  | { readonly kind: 'turn' | 'leave' | 'cut' }
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'drain'; readonly graceMs: number };

const as = <K extends string>(kind: K) => fc.constant<K>(kind);
const index = fc.nat(50);
const call = fc.record({ kind: as('call'), isStream: fc.boolean(), timeoutMs: fc.constantFrom(5, 50, 60_000) });
const step = fc.record({
  kind: as('step'),
  index,
  step: fc.oneof({ weight: 4, arbitrary: as('say') }, { weight: 2, arbitrary: as('end') }, as('fail')),
});
const deliver = fc.record({
  kind: as('deliver'),
  to: fc.constantFrom<'server' | 'client'>('server', 'client'),
  count: fc.integer({ min: 1, max: 3 }),
});
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 24, arbitrary: call },
  { weight: 24, arbitrary: step },
  { weight: 24, arbitrary: deliver },
  { weight: 24, arbitrary: fc.record({ kind: as('turn') }) },
  { weight: 10, arbitrary: fc.record({ kind: as('cancel'), index }) },
  { weight: 6, arbitrary: fc.record({ kind: as('time'), ms: fc.constantFrom(1, 10, 100) }) },
  { weight: 1, arbitrary: fc.record({ kind: as('drain'), graceMs: fc.constantFrom(0, 20, Infinity) }) },
  { weight: 1, arbitrary: fc.record({ kind: as('leave') }) },
  { weight: 1, arbitrary: fc.record({ kind: as('cut') }) },
);

test('however calls, cancels, deadlines, drains and deaths fall, every call ends once and gets what is its own', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 20, maxLength: 120, size: 'max' }), async (actions) => {
      const lane = new LaneUnderTest();
      await lane.run({ kind: 'turn' });
      await lane.run({ kind: 'deliver', to: 'client', count: 1 });
      for (const one of actions) await lane.run(one);
      await lane.settle();
    }),
    { numRuns: 400 },
  );
});
