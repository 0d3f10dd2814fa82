import { type Principal } from '@gantry/identity';
import type { BoundService, CallContext } from '@gantry/rpc';
import { createRpcServer, type RpcServer } from '@gantry/rpc';
import type { RunningService } from '@gantry/runtime';
import { type TestAssertions, testAssertions, type TestPlatform, testPlatform } from '@gantry/testkit';
import { vi } from 'vitest';

import { type Config, parseConfig } from '../src/config.ts';
import { createGatewayService, type EdgeLimits } from '../src/service.ts';
import { FakeAuth } from './fake-auth.ts';
import { fakeContextServices, type FakeOverrides, FakeResources, fakeToolServices } from './fake-backends.ts';

/** A JSON-RPC response, as loosely as a test wants it. */
export interface JsonRpcResponse {
  readonly jsonrpc: string;
  readonly id: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: Record<string, unknown> };
}

/** An HTTP answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body, parsed. */
  readonly json: JsonRpcResponse;
}

export interface PostOptions {
  readonly key?: string | null;
  readonly headers?: Record<string, string>;
}

/** Options of startGateway. */
export interface FixtureOptions {
  readonly overrides?: FakeOverrides;
  readonly env?: Record<string, string>;
  readonly principal?: Partial<Principal>;
  readonly limits?: EdgeLimits;
}

/** One gateway. */
export interface Replica {
  readonly gateway: RunningService;
  readonly platform: TestPlatform;
}

/** A gateway on free ports in front of fake services that speak real gRPC. */
export class GatewayFixture implements AsyncDisposable {
  readonly auth: FakeAuth;
  readonly resources = new FakeResources();
  readonly calls: CallContext[] = [];
  readonly assertions: TestAssertions;
  readonly servers = new Map<string, RpcServer>();
  readonly key: string;
  #first: Replica | undefined;
  readonly #options: FixtureOptions;
  readonly #stack = new AsyncDisposableStack();

  private constructor(assertions: TestAssertions, options: FixtureOptions) {
    this.assertions = assertions;
    this.auth = new FakeAuth(assertions);
    this.#options = options;
    this.key = this.auth.addKey(options.principal);
  }

  static async start(options: FixtureOptions = {}): Promise<GatewayFixture> {
    const fixture = new GatewayFixture(await testAssertions(), options);
    const overrides = options.overrides ?? {};
    await fixture.#serve('auth', fixture.auth.services());
    await fixture.#serve('context', fakeContextServices(overrides, fixture.calls));
    await fixture.#serve('tool', fakeToolServices(overrides));
    await fixture.#serve('resource', fixture.resources.services(overrides));
    fixture.#first = await fixture.startReplica();
    return fixture;
  }

  get gateway(): RunningService {
    return this.#replica().gateway;
  }

  get platform(): TestPlatform {
    return this.#replica().platform;
  }

  get httpUrl(): string {
    return this.gateway.endpoints['http'] ?? '';
  }

  get wsUrl(): string {
    return this.gateway.endpoints['ws'] ?? '';
  }

  get grpcTarget(): string {
    return this.gateway.endpoints['grpc'] ?? '';
  }

  /** Starts a gateway in front of the same services and waits until it hears of revocations. */
  async startReplica(): Promise<Replica> {
    const platform = testPlatform('gateway');
    const watchersBefore = this.auth.watcherCount;
    const gateway = this.#stack.use(await createGatewayService(this.#config(), platform, this.#options.limits));
    await vi.waitFor(async () => {
      if (this.auth.watcherCount <= watchersBefore) throw new Error('the policy stream is not live yet');
      const live = await platform.metrics.getSingleMetric('gantry_policy_stream_live')?.get();
      if (live?.values[0]?.value !== 1) throw new Error('the policy stream is not live yet');
    });
    return { gateway, platform };
  }

  /** Posts a body and returns the answer. `key: null` sends none. */
  async post(
    body: unknown,
    { key = this.key, headers = {} }: PostOptions = {},
    url = this.httpUrl,
  ): Promise<HttpAnswer> {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...headers,
      },
      body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const json = (text === '' ? undefined : JSON.parse(text)) as JsonRpcResponse;
    return { status: response.status, headers: response.headers, text, json };
  }

  /** Calls a method of the native dialect and returns the response. */
  async call(method: string, params?: unknown, options: PostOptions = {}): Promise<JsonRpcResponse> {
    return (await this.post({ jsonrpc: '2.0', id: 1, method, params }, options)).json;
  }

  /** Calls a method that must succeed and returns its result. */
  async result(method: string, params?: unknown, options: PostOptions = {}): Promise<unknown> {
    const response = await this.call(method, params, options);
    if (response.error !== undefined) throw new Error(JSON.stringify(response.error));
    return response.result;
  }

  /** Waits until auth has every event recorded so far, and returns how many it has. */
  async auditedCount(): Promise<number> {
    await vi.waitFor(async () => {
      const waiting = await this.platform.metrics.getSingleMetric('gantry_audit_spool_events')?.get();
      if (waiting?.values[0]?.value !== 0) throw new Error('events are still on their way');
    });
    return this.auth.events.length;
  }

  /** Ends one of the fake services. */
  async stop(name: 'auth' | 'context' | 'tool' | 'resource'): Promise<void> {
    await this.servers.get(name)?.[Symbol.asyncDispose]();
  }

  /** Starts a fake service again, on its old port. */
  async restart(name: 'auth' | 'resource'): Promise<void> {
    const services = name === 'auth' ? this.auth.services() : this.resources.services({});
    await this.#serve(name, services, this.servers.get(name)?.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #serve(name: string, services: readonly BoundService[], port = 0): Promise<void> {
    const { logger, metrics, tracing } = testPlatform(name);
    const { verifyCaller } = this.assertions;
    const options = { name, host: '127.0.0.1', port, services, verifyCaller, logger, metrics, tracing };
    this.servers.set(name, this.#stack.use(await createRpcServer(options)));
  }

  #replica(): Replica {
    if (this.#first === undefined) throw new Error('the fixture has not started');
    return this.#first;
  }

  #config(): Config {
    const address = (name: string) => this.servers.get(name)?.address ?? '';
    const config = parseConfig({
      GATEWAY_HTTP_PORT: '0',
      GATEWAY_GRPC_PORT: '0',
      AUTH_ADDRESS: address('auth'),
      CONTEXT_ADDRESS: address('context'),
      TOOL_ADDRESS: address('tool'),
      RESOURCE_ADDRESS: address('resource'),
      GANTRY_CLUSTER_SECRET: 'x'.repeat(32),
      ...this.#options.env,
    });
    return { ...config, clusterSecret: this.assertions.clusterSecret };
  }
}
