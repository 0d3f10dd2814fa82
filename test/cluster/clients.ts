import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { Credentials } from '@gantry/data-folder';
import {
  credentials as grpcCredentials,
  loadPackageDefinition,
  Metadata,
  type Client as GrpcClient,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Client as McpClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { type RawData, WebSocket } from 'ws';

/** A JSON-RPC answer. */
export interface Answer {
  readonly jsonrpc: string;
  readonly id: string | number | null;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: Record<string, unknown> };
}

/** Returns a list in the result of an answer; empty when the answer has none. */
export function listIn<T>({ result }: Answer, key: string): readonly T[] {
  const list = result?.[key];
  // What is in it the tests check.
  return Array.isArray(list) ? (list as T[]) : [];
}

/** Calls a method and returns the whole answer. */
export type CallGantry = (method: string, params?: object) => Promise<Answer>;

/** Calls over HTTP, each on a connection of its own so that the kernel spreads them over the replicas. */
export function httpCaller({ url, apiKey }: Pick<Credentials, 'url' | 'apiKey'>): CallGantry {
  return async (method, params = {}) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}`, connection: 'close' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 'http-1', method, params }),
    });
    // The gateway answers JSON-RPC; the tests check the fields they use.
    return (await response.json()) as Answer;
  };
}

/** Calls over one WebSocket. */
export async function connectWebSocket({ ws, apiKey }: Pick<Credentials, 'ws' | 'apiKey'>) {
  const socket = new WebSocket(ws, { headers: { authorization: `Bearer ${apiKey}` } });
  await once(socket, 'open');
  const waiting = new Map<string, (answer: Answer) => void>();
  const notifications: { method: string; params: Record<string, unknown> }[] = [];
  socket.on('message', (data) => {
    const message = JSON.parse(textOf(data)) as Answer & { method: string; params: Record<string, unknown> };
    if (message.method === undefined) waiting.get(String(message.id))?.(message);
    else notifications.push(message);
  });
  let id = 0;
  const call: CallGantry = (method, params = {}) => {
    const key = `ws-${(id += 1)}`;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    waiting.set(key, resolve);
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: key, method, params }));
    return promise;
  };
  return { call, notifications, socket, [Symbol.dispose]: () => socket.terminate() };
}

function textOf(data: RawData): string {
  return Buffer.isBuffer(data)
    ? data.toString()
    : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]).toString();
}

interface ProcessRequestReply {
  readonly outcome: 'result' | 'error';
  readonly result?: Buffer;
  readonly error?: { readonly code: number; readonly message: string; readonly data: Buffer };
  readonly id: string;
}

/** Calls over gRPC, with a client made from the published proto alone, as a user of another language would. */
export function grpcCaller({ grpc, apiKey }: Pick<Credentials, 'grpc' | 'apiKey'>): CallGantry & Disposable {
  const protoFolder = fileURLToPath(new URL('../../proto', import.meta.url));
  const definition = loadSync('gantry/gateway/v1/mcp_service.proto', { includeDirs: [protoFolder], oneofs: true });
  // loadPackageDefinition types nothing of what it loads.
  const loaded = loadPackageDefinition(definition) as never as {
    gantry: { gateway: { v1: { McpService: new (target: string, credentials: unknown) => GrpcClient } } };
  };
  const client = new loaded.gantry.gateway.v1.McpService(grpc, grpcCredentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${apiKey}`);
  const call = async (method: string, params: object = {}): Promise<Answer> => {
    const request = { jsonrpc: '2.0', method, params: Buffer.from(JSON.stringify(params)), id: 'grpc-1' };
    const { promise, resolve, reject } = Promise.withResolvers<ProcessRequestReply>();
    const processRequest = (client as never as Record<string, (...args: unknown[]) => void>)['ProcessRequest'];
    processRequest?.call(client, request, metadata, (error: unknown, reply: ProcessRequestReply) =>
      error === null ? resolve(reply) : reject(error),
    );
    const { result, error, id } = await promise;
    if (result !== undefined && result !== null) return { jsonrpc: '2.0', id, result: JSON.parse(String(result)) };
    const { code = 0, message = '', data = Buffer.alloc(0) } = error ?? {};
    return {
      jsonrpc: '2.0',
      id,
      error: { code, message, ...(data.length > 0 ? { data: JSON.parse(String(data)) } : {}) },
    };
  };
  return Object.assign(call, { [Symbol.dispose]: () => client.close() });
}

/** Connects the official client over Streamable HTTP; each request may reach another replica. */
export async function connectMcpClient({ url, apiKey }: Pick<Credentials, 'url' | 'apiKey'>) {
  const client = new McpClient({ name: 'gantry-test', version: '1.0.0' });
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { authorization: `Bearer ${apiKey}`, connection: 'close' } },
  });
  // The SDK's own types disagree under exactOptionalPropertyTypes.
  await client.connect(transport as never);
  return client;
}
