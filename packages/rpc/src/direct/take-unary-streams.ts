import { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';

import type { Server } from '@grpc/grpc-js';

import { timeoutMsOf } from './stream-metadata.ts';
import { type DirectMethod, UnaryStream } from './unary-stream.ts';

/**
 * Serves the calls of unary methods straight from their HTTP/2 streams. grpc-js makes a stream of its own, with events,
 * promises and interceptors, of each of them, and costs twice as much. What is rare is left to it: messages that are compressed,
 * and what it would refuse. So are connections, their age and their end.
 *
 * grpc-js offers no way to its HTTP/2 servers, so they are reached through a private member, and it is told of each stream
 * through another, or it would close connections as idle that are not. Without them everything is served, by grpc-js, and
 * direct.test.ts fails.
 *
 * @param server One that listens.
 * @param methods By their paths.
 */
export function takeUnaryStreams(server: Server, methods: ReadonlyMap<string, DirectMethod>): void {
  const http2Servers: unknown = Reflect.get(server, 'http2Servers');
  const onStreamOpened: unknown = Reflect.get(server, 'onStreamOpened');
  if (!(http2Servers instanceof Map) || typeof onStreamOpened !== 'function') return;
  const tellOpened = (stream: ServerHttp2Stream) => void Reflect.apply(onStreamOpened, server, [stream]);
  for (const http2Server of http2Servers.keys()) {
    if (http2Server instanceof EventEmitter) takeFrom(http2Server, methods, tellOpened);
  }
}

type StreamEvent = [ServerHttp2Stream, IncomingHttpHeaders, flags: number, rawHeaders: readonly string[]];

function takeFrom(
  http2Server: EventEmitter,
  methods: ReadonlyMap<string, DirectMethod>,
  tellOpened: (stream: ServerHttp2Stream) => void,
): void {
  const others = http2Server.listeners('stream');
  http2Server.removeAllListeners('stream');
  http2Server.on('stream', (...given: StreamEvent) => {
    const [stream, headers, , rawHeaders] = given;
    const method = methods.get(headers[':path'] ?? '');
    const timeoutMs = timeoutMsOf(headers);
    if (method !== undefined && timeoutMs !== undefined && isPlain(headers)) {
      tellOpened(stream);
      new UnaryStream(stream, { headers, rawHeaders, method, timeoutMs });
      return;
    }
    for (const serve of others) Reflect.apply(serve, http2Server, given);
  });
}

function isPlain({ 'content-type': type, 'grpc-encoding': encoding }: IncomingHttpHeaders): boolean {
  return type?.startsWith('application/grpc') === true && (encoding === undefined || encoding === 'identity');
}
