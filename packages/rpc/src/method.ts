import type { BinaryWriter } from '@bufbuild/protobuf/wire';

import type { CallContext } from './call-context.ts';
import type { CallOptions } from './call-options.ts';

/** Encodes and decodes one message type, as ts-proto generates it. */
export interface MessageType {
  // ts-proto's encode and decode are methods of one concrete message type; `never` accepts every one of them.
  encode(message: never, writer?: BinaryWriter): { finish(): Uint8Array };
  decode(input: Uint8Array): unknown;
}

/** One method of a service, as ts-proto's generic definitions describe it. */
export interface Method {
  readonly name: string;
  readonly requestType: MessageType;
  readonly requestStream: boolean;
  readonly responseType: MessageType;
  readonly responseStream: boolean;
  readonly options: { readonly idempotencyLevel?: 'IDEMPOTENT' | 'NO_SIDE_EFFECTS' };
}

/** A service, as ts-proto's generic definitions describe it. */
export interface Definition {
  readonly name: string;
  readonly fullName: string;
  readonly methods: Readonly<Record<string, Method>>;
}

/** The message a method takes. */
export type RequestOf<M extends Method> = ReturnType<M['requestType']['decode']>;

/** The message a method answers with. */
export type ResponseOf<M extends Method> = ReturnType<M['responseType']['decode']>;

/** What a server implements for a method: a promise for unary calls, an async iterable where it streams. */
export type Handler<M extends Method> = M extends { requestStream: false; responseStream: false }
  ? (request: RequestOf<M>, context: CallContext) => Promise<ResponseOf<M>>
  : M extends { requestStream: false; responseStream: true }
    ? (request: RequestOf<M>, context: CallContext) => AsyncIterable<ResponseOf<M>>
    : M extends { requestStream: true; responseStream: true }
      ? (requests: AsyncIterable<RequestOf<M>>, context: CallContext) => AsyncIterable<ResponseOf<M>>
      : never;

/** What a server implements for a service: one handler a method. */
export type Handlers<D extends Definition> = { readonly [K in keyof D['methods']]: Handler<D['methods'][K]> };

/** How a client calls a method. Methods that stream requests are not called through this client. */
export type Call<M extends Method> = M extends { requestStream: false; responseStream: false }
  ? (request: RequestOf<M>, options?: CallOptions) => Promise<ResponseOf<M>>
  : M extends { requestStream: false; responseStream: true }
    ? (request: RequestOf<M>, options?: CallOptions) => Replies<ResponseOf<M>>
    : never;

/** The messages of a call that streams its answer. The call begins when the first one is asked for. */
export interface Replies<T> extends AsyncIterable<T> {
  /**
   * Gives every message to a function as it arrives; resolves after the last one. The same as a loop, without its promises:
   * for answers that are mostly one message.
   */
  each(take: (message: T) => void): Promise<void>;
}

/** What a client offers of a service: one function a method. */
export type Client<D extends Definition> = { readonly [K in keyof D['methods']]: Call<D['methods'][K]> };

/** Returns the HTTP/2 path of a method. */
export function pathOf(definition: Definition, method: Method): string {
  return `/${definition.fullName}/${method.name}`;
}

/** Returns the kind of a method as go-grpc-middleware's `grpc_type` label names it. */
export function typeOf(method: Method): 'unary' | 'server_stream' | 'client_stream' | 'bidi_stream' {
  if (method.requestStream) return method.responseStream ? 'bidi_stream' : 'client_stream';
  return method.responseStream ? 'server_stream' : 'unary';
}
