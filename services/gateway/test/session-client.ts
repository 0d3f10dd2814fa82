import { decodeStatus } from '@gantry/errors';
import { McpServiceDefinition, SessionRequest, SessionResponse } from '@gantry/protocol/gantry/gateway/v1/mcp_service';
import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { expect, vi } from 'vitest';

import type { GatewayFixture, JsonRpcResponse } from './gateway-fixture.ts';

type Received = JsonRpcResponse & { readonly method?: string; readonly params?: Record<string, unknown> };

/** How a session ended. */
export interface SessionEnd {
  readonly code: status;
  readonly reason: string | undefined;
}

export interface SessionClientOptions {
  readonly key?: string | null;
  readonly metadata?: Record<string, string>;
}

/** A client of McpService.Session that keeps what it receives, frame by frame. */
export class SessionClient implements Disposable {
  readonly stream: ClientDuplexStream<SessionRequest, SessionResponse>;
  readonly received: (Received | Received[])[] = [];
  readonly frameSizes: number[] = [];
  readonly ended: Promise<SessionEnd>;
  readonly #client: Client;

  constructor(target: string, { key, metadata: extra = {} }: SessionClientOptions) {
    this.#client = new Client(target, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
    });
    const metadata = new Metadata();
    if (key !== null && key !== undefined) metadata.set('authorization', `Bearer ${key}`);
    for (const [name, value] of Object.entries(extra)) metadata.set(name, value);
    this.stream = this.#client.makeBidiStreamRequest(
      `/${McpServiceDefinition.fullName}/Session`,
      (value: SessionRequest) => Buffer.from(SessionRequest.encode(value).finish()),
      (bytes) => SessionResponse.decode(bytes),
      metadata,
    );
    this.ended = new Promise((resolve) => {
      this.stream.on('error', (error: ServiceError) => resolve({ code: error.code, reason: reasonOf(error) }));
      this.stream.on('status', ({ code }) => code === status.OK && resolve({ code, reason: undefined }));
    });
    this.stream.on('data', ({ messages }: SessionResponse) => this.#take(messages));
  }

  /** Opens a session and waits for its greeting, an empty frame. */
  static async open(fixture: GatewayFixture, options: SessionClientOptions = {}): Promise<SessionClient> {
    const client = new SessionClient(fixture.grpcTarget, { key: fixture.key, ...options });
    await vi.waitFor(() => expect(client.frameSizes[0]).toBe(0));
    return client;
  }

  /** Sends a frame. Strings and bytes go as they are. */
  send(...messages: readonly unknown[]): void {
    this.stream.write({ messages: messages.map(toBytes) });
  }

  async next(): Promise<Received | Received[]> {
    await vi.waitFor(() => expect(this.received.length).toBeGreaterThan(0), { timeout: 5_000 });
    const message = this.received.shift();
    if (message === undefined) throw new Error('nothing was received');
    return message;
  }

  async call(method: string, params?: unknown): Promise<Received> {
    this.send({ jsonrpc: '2.0', id: method, method, params });
    const answer = await this.next();
    if (Array.isArray(answer)) throw new Error('this was to be one answer');
    return answer;
  }

  [Symbol.dispose](): void {
    this.stream.cancel();
    this.#client.close();
  }

  #take(messages: readonly Uint8Array[]): void {
    this.frameSizes.push(messages.length);
    this.received.push(...messages.map((bytes): Received => JSON.parse(new TextDecoder().decode(bytes))));
  }
}

function toBytes(message: unknown): Uint8Array {
  if (message instanceof Uint8Array) return message;
  return new TextEncoder().encode(typeof message === 'string' ? message : JSON.stringify(message));
}

function reasonOf(error: ServiceError): string | undefined {
  const [details] = error.metadata?.get('grpc-status-details-bin') ?? [];
  return details instanceof Buffer ? decodeStatus(details)?.reason : undefined;
}
