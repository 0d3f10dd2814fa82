import { once } from 'node:events';

import { AppError } from '@gantry/errors';
import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
  MethodDefinition,
  ServerDuplexStream,
  ServerWritableStream,
  UntypedHandleCall,
} from '@grpc/grpc-js';

import type { BoundService } from './bind-service.ts';
import type { CallContext } from './call-context.ts';
import { METADATA_BYTES_MAX } from './metadata-keys.ts';
import { encodeMessage, type Method, pathOf } from './method.ts';
import { requestMalformed } from './request-malformed.ts';
import { serveStream, serveUnary } from './serve-call.ts';
import type { ServedMethod, ServerCall, ServerInterceptor } from './server-call.ts';
import { toStatusObject } from './status-object.ts';

/** What every call of a server shares. */
export interface ServeOptions {
  /** The service's name: the domain of its errors. */
  readonly name: string;
  readonly interceptors: readonly ServerInterceptor[];
  readonly createCall: (served: ServedMethod, incoming: ServerCall['incoming']) => ServerCall;
}

/** The parts of grpc-js's call objects that all kinds share. */
interface GrpcCall {
  readonly metadata: Metadata;
  getDeadline(): Date | number;
  getPeer(): string;
  on(event: 'cancelled', listener: () => void): unknown;
}

const passThrough = (bytes: Buffer): Buffer => bytes;

/** Returns a bound service as grpc-js's addService takes it. Messages pass through as bytes and are decoded by us, so that a
 * malformed one is the caller's error and not an internal one. */
export function toGrpcService(service: BoundService, options: ServeOptions) {
  const definition: Record<string, MethodDefinition<Buffer, Buffer>> = {};
  const implementation: Record<string, UntypedHandleCall> = {};
  for (const [key, method] of Object.entries(service.definition.methods)) {
    const handler = service.handlers[key];
    if (handler === undefined) throw new Error(`${pathOf(service.definition, method)} has no handler`);
    const served = { definition: service.definition, method, access: service.access[key] ?? 'principal' };
    definition[key] = grpcMethod(pathOf(service.definition, method), method);
    // `handler` takes this method's messages: bindService checked it; the adapters hand it what they decode.
    implementation[key] = grpcHandler(served, handler as AnyHandler, options);
  }
  return { definition, implementation };
}

type AnyHandler = (request: unknown, context: CallContext) => Promise<unknown> & AsyncIterable<unknown>;

function grpcMethod(path: string, method: Method): MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream: method.requestStream,
    responseStream: method.responseStream,
    requestSerialize: passThrough,
    requestDeserialize: passThrough,
    responseSerialize: passThrough,
    responseDeserialize: passThrough,
  };
}

function grpcHandler(served: ServedMethod, handler: AnyHandler, options: ServeOptions): UntypedHandleCall {
  const { requestStream, responseStream } = served.method;
  if (!responseStream) return unaryHandler(served, handler, options);
  return requestStream ? bidiHandler(served, handler, options) : serverStreamHandler(served, handler, options);
}

function unaryHandler(
  served: ServedMethod,
  handler: AnyHandler,
  options: ServeOptions,
): handleUnaryCall<Buffer, Buffer> {
  const { method } = served;
  return (grpcCall, callback) => {
    const call = openCall(served, grpcCall, options);
    const handle = () => handler(decodeRequest(method, grpcCall.request), call);
    serveUnary(call, withMetadataCap(grpcCall.metadata, options.interceptors), handle).then(
      (response) => callback(null, encodeMessage(method.responseType, response)),
      (error: AppError) => callback(toStatusObject(error, options.name)),
    );
  };
}

function serverStreamHandler(
  served: ServedMethod,
  handler: AnyHandler,
  options: ServeOptions,
): handleServerStreamingCall<Buffer, Buffer> {
  return (grpcCall) => {
    const call = openCall(served, grpcCall, options);
    const handle = () => handler(decodeRequest(served.method, grpcCall.request), call);
    const messages = serveStream(call, withMetadataCap(grpcCall.metadata, options.interceptors), handle);
    void writeAll(grpcCall, messages, { method: served.method, domain: options.name });
  };
}

function bidiHandler(
  served: ServedMethod,
  handler: AnyHandler,
  options: ServeOptions,
): handleBidiStreamingCall<Buffer, Buffer> {
  return (grpcCall) => {
    const call = openCall(served, grpcCall, options);
    const handle = () => handler(decodeAll(served.method, grpcCall), call);
    const messages = serveStream(call, withMetadataCap(grpcCall.metadata, options.interceptors), handle);
    void writeAll(grpcCall, messages, { method: served.method, domain: options.name });
  };
}

function openCall(served: ServedMethod, grpcCall: GrpcCall, { createCall }: ServeOptions): ServerCall {
  const deadline = grpcCall.getDeadline();
  const call = createCall(served, {
    metadata: (key) => grpcCall.metadata.get(key)[0]?.toString(),
    deadlineMs: typeof deadline === 'number' ? deadline : deadline.getTime(),
    peer: grpcCall.getPeer(),
  });
  grpcCall.on('cancelled', () => call.controller.abort());
  return call;
}

async function writeAll(
  stream: ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>,
  messages: AsyncGenerator<unknown>,
  { method, domain }: { readonly method: Method; readonly domain: string },
): Promise<void> {
  const gone = new AbortController();
  stream.on('cancelled', () => gone.abort());
  try {
    for await (const message of messages) {
      if (stream.write(encodeMessage(method.responseType, message))) continue;
      // The client reads more slowly than we write; it may also never read again.
      await once(stream, 'drain', { signal: gone.signal });
    }
    stream.end();
  } catch (error) {
    if (gone.signal.aborted) return;
    // serveStream throws nothing but AppErrors. destroy() would lose the messages still queued.
    stream.emit('error', toStatusObject(error as AppError, domain));
  }
}

async function* decodeAll(method: Method, chunks: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  for await (const chunk of chunks) yield decodeRequest(method, chunk);
}

function decodeRequest(method: Method, bytes: Buffer): unknown {
  try {
    return method.requestType.decode(bytes);
  } catch (cause) {
    throw requestMalformed(cause);
  }
}

function withMetadataCap(metadata: Metadata, interceptors: readonly ServerInterceptor[]): readonly ServerInterceptor[] {
  return metadataBytes(metadata) <= METADATA_BYTES_MAX ? interceptors : [refuseMetadata];
}

function metadataBytes(metadata: Metadata): number {
  let bytes = 0;
  for (const [key, values] of Object.entries(metadata.toJSON())) {
    for (const value of values) bytes += key.length + value.length;
  }
  return bytes;
}

function refuseMetadata(): never {
  throw new AppError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'METADATA_TOO_LARGE',
    message: `the metadata of a call may have at most ${METADATA_BYTES_MAX} bytes`,
  });
}
