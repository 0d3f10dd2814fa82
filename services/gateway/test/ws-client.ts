import { once } from 'node:events';

import { expect, vi } from 'vitest';
import { WebSocket } from 'ws';

import type { GatewayFixture, JsonRpcResponse } from './gateway-fixture.ts';

interface Notification {
  readonly method: string;
  readonly params: Record<string, unknown>;
}

/** A client that keeps what it receives. */
export class WsClient implements AsyncDisposable {
  readonly socket: WebSocket;
  readonly received: (JsonRpcResponse & Partial<Notification>)[] = [];
  readonly closed: Promise<number>;

  constructor(url: string, headers: Record<string, string>) {
    this.socket = new WebSocket(url, { headers });
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.socket.on('message', (data: Buffer) => this.received.push(JSON.parse(data.toString())));
    this.socket.on('error', () => undefined);
  }

  static async open(
    fixture: GatewayFixture,
    key = fixture.key,
    headers: Record<string, string> = {},
  ): Promise<WsClient> {
    const client = new WsClient(fixture.wsUrl, { authorization: `Bearer ${key}`, ...headers });
    await once(client.socket, 'open');
    return client;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' || message instanceof Uint8Array ? message : JSON.stringify(message));
  }

  async next(): Promise<JsonRpcResponse & Partial<Notification>> {
    await vi.waitFor(() => expect(this.received.length).toBeGreaterThan(0), { timeout: 5_000 });
    const message = this.received.shift();
    if (message === undefined) throw new Error('nothing was received');
    return message;
  }

  async call(method: string, params?: unknown): Promise<JsonRpcResponse> {
    this.send({ jsonrpc: '2.0', id: method, method, params });
    return this.next();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.terminate();
    await this.closed;
  }
}
