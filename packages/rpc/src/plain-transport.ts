import { type Client, Metadata, type ServiceError } from '@grpc/grpc-js';

import { metadataKeys } from './metadata-keys.ts';
import type { OutgoingCall } from './outgoing-call.ts';
import type { ResetBudget } from './reset-budget.ts';
import { fromServiceError } from './status-object.ts';
import type { OutgoingRequest, ReplyListener, SentCall, Transport } from './transport.ts';

/** What plain gRPC needs. */
export interface PlainTransportOptions {
  readonly grpc: Client;
  /** The service called, for errors. */
  readonly peer: string;
  readonly resets: ResetBudget;
}

/** Creates the transport that makes every call an ordinary gRPC call. */
export function createPlainTransport(options: PlainTransportOptions): Transport {
  return {
    send(request, listener) {
      const isStream = request.called.method.responseStream;
      return isStream ? sendStream(options, request, listener) : sendUnary(options, request, listener);
    },
    [Symbol.dispose]: () => options.grpc.close(),
  };
}

function sendUnary(
  { grpc, peer, resets }: PlainTransportOptions,
  { called, outgoing, payload }: OutgoingRequest,
  listener: ReplyListener,
): SentCall {
  let isCancelled = false;
  const call = grpc.makeUnaryRequest<Buffer, Buffer>(
    called.path,
    passThrough,
    passThrough,
    payload,
    metadataOf(outgoing),
    { deadline: outgoing.deadlineMs },
    (error, reply) => {
      if (isCancelled) return;
      if (error !== null) return listener.ended(fromServiceError(error, peer));
      // A unary call that succeeded has a reply; grpc-js types it as optional for the error case.
      listener.reply(reply as Buffer);
      listener.ended(undefined);
    },
  );
  return {
    cancel() {
      isCancelled = true;
      // Beyond the budget the call is left to end by its deadline.
      if (resets.take()) call.cancel();
    },
    consumed: () => undefined,
  };
}

function sendStream(
  { grpc, peer, resets }: PlainTransportOptions,
  { called, outgoing, payload }: OutgoingRequest,
  listener: ReplyListener,
): SentCall {
  let isOver = false;
  let unconsumedReplies = 0;
  const stream = grpc.makeServerStreamRequest<Buffer, Buffer>(
    called.path,
    passThrough,
    passThrough,
    payload,
    metadataOf(outgoing),
    { deadline: outgoing.deadlineMs },
  );
  const end = (error: ServiceError | undefined) => {
    if (isOver) return;
    isOver = true;
    listener.ended(error === undefined ? undefined : fromServiceError(error, peer));
  };
  stream.on('data', (reply: Buffer) => {
    if (isOver) return;
    unconsumedReplies += 1;
    // One at a time: what is not asked for stays in the stream, whose flow control reaches the server.
    stream.pause();
    listener.reply(reply);
  });
  stream.on('end', () => end(undefined));
  // grpc-js may also report an error after the end; without a listener it would be uncaught.
  stream.on('error', (error: ServiceError) => end(error));
  return {
    cancel() {
      isOver = true;
      // A stream without a deadline would never end by itself.
      if (outgoing.deadlineMs === Infinity || resets.take()) stream.cancel();
      else stream.resume();
    },
    consumed() {
      unconsumedReplies -= 1;
      if (unconsumedReplies === 0) stream.resume();
    },
  };
}

function metadataOf({ assertion, requestId, traceparent }: OutgoingCall): Metadata {
  const metadata = new Metadata();
  if (assertion !== undefined) metadata.set(metadataKeys.assertion, assertion);
  if (requestId !== undefined) metadata.set(metadataKeys.requestId, requestId);
  metadata.set(metadataKeys.traceparent, traceparent);
  return metadata;
}

const passThrough = (bytes: Buffer): Buffer => bytes;
