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

import { type AnyHandler, boundMethods, type BoundService } from './bind-service.ts';
import { encodeMessage } from './encode-message.ts';
import { METADATA_BYTES_MAX } from './metadata-keys.ts';
import { type Method, pathOf } from './method.ts';
import { createReaderWatch, resetUnread } from './reader-watch.ts';
import { requestMalformed } from './request-malformed.ts';
import { RequestStream } from './request-stream.ts';
import { serveStream, serveUnary, type StreamSink } from './serve-call.ts';
import type { ServedMethod, ServerCall, ServerInterceptor } from './server-call.ts';
import { toStatusObject } from './status-object.ts';

/** What every call of a server shares. */
export interface ServeOptions {
  /** The service's name: the domain of its errors. */
  readonly name: string;
  readonly interceptors: readonly ServerInterceptor[];
  readonly createCall: (served: ServedMethod, incoming: ServerCall['incoming']) => ServerCall;
  /** How long a client may read nothing of what a stream sends. */
  readonly readerStuckMs: number;
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
  for (const [key, { served, handler }] of boundMethods(service)) {
    definition[key] = grpcMethod(pathOf(service.definition, served.method), served.method);
    implementation[key] = grpcHandler(served, handler, options);
  }
  return { definition, implementation };
}

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
    serveUnary(call, withMetadataCap(grpcCall.metadata, options.interceptors), {
      handle: () => handler(decodeRequest(method, grpcCall.request), call),
      sink: {
        encode: (response) => encodeMessage(method.responseType, response),
        reply: (bytes) => callback(null, bytes),
        fail: (error) => callback(toStatusObject(error, options.name)),
      },
    });
  };
}

function serverStreamHandler(
  served: ServedMethod,
  handler: AnyHandler,
  options: ServeOptions,
): handleServerStreamingCall<Buffer, Buffer> {
  return (grpcCall) => {
    const call = openCall(served, grpcCall, options);
    serveStream(call, withMetadataCap(grpcCall.metadata, options.interceptors), {
      handle: () => handler(decodeRequest(served.method, grpcCall.request), call),
      sink: streamSink(grpcCall, served.method, { ...options, call }),
    });
  };
}

function bidiHandler(
  served: ServedMethod,
  handler: AnyHandler,
  options: ServeOptions,
): handleBidiStreamingCall<Buffer, Buffer> {
  return (grpcCall) => {
    const call = openCall(served, grpcCall, options);
    serveStream(call, withMetadataCap(grpcCall.metadata, options.interceptors), {
      handle: () => handler(decodeAll(served.method, new RequestStream(grpcCall)), call),
      sink: streamSink(grpcCall, served.method, { ...options, call }),
    });
  };
}

function openCall(served: ServedMethod, grpcCall: GrpcCall, { createCall }: ServeOptions): ServerCall {
  const deadline = grpcCall.getDeadline();
  const call = createCall(served, {
    metadata: (key) => grpcCall.metadata.get(key)[0]?.toString(),
    deadlineMs: typeof deadline === 'number' ? deadline : deadline.getTime(),
    peer: grpcCall.getPeer(),
  });
  grpcCall.on('cancelled', () => call.abort());
  return call;
}

function streamSink(
  stream: ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>,
  method: Method,
  { call, name, readerStuckMs }: ServeOptions & { readonly call: ServerCall },
): StreamSink {
  const watch = createReaderWatch(readerStuckMs, (error) => {
    call.abort(error);
    resetUnread(stream);
  });
  stream.once('close', watch.stop);
  return {
    reply(response, resume) {
      watch.wrote();
      if (stream.write(encodeMessage(method.responseType, response), watch.sent)) return true;
      // The client reads more slowly than we write. It may also never read again; then the call is aborted.
      stream.once('drain', resume);
      return false;
    },
    end: () => void stream.end(),
    fail(error) {
      if (stream.cancelled || (call.isAborted && error.code === 'CANCELLED')) return;
      // destroy() would lose the messages still queued.
      stream.emit('error', toStatusObject(error, name));
    },
  };
}

async function* decodeAll(method: Method, chunks: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  for await (const chunk of chunks) yield decodeRequest(method, chunk);
}

/**
 * Decodes a request.
 *
 * @throws {AppError} REQUEST_MALFORMED.
 */
export function decodeRequest(method: Method, bytes: Uint8Array): unknown {
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

/** Refuses a call whose metadata is too long. */
export function refuseMetadata(): never {
  throw new AppError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'METADATA_TOO_LARGE',
    message: `the metadata of a call may have at most ${METADATA_BYTES_MAX} bytes`,
  });
}
