import { toAppError } from '@gantry/errors';
import type { ServiceError } from '@grpc/grpc-js';

import type { CallChannel, CalledMethod } from './call-channel.ts';
import type { CallOptions } from './call-options.ts';
import { encodeMessage } from './method.ts';
import { abortError, beginCall, judge, type OutgoingCall } from './outgoing-call.ts';
import { fromServiceError } from './status-object.ts';

/**
 * Returns the function that calls a method that streams its answer. The breaker guards the time to the first message; a
 * stream that breaks later is the consumer's to open again. Leaving the loop cancels the call.
 */
export function callStream(channel: CallChannel, called: CalledMethod) {
  return async function* (request: unknown, options: CallOptions = {}): AsyncGenerator<unknown, void, undefined> {
    const outgoing = await beginCall(channel, called, options);
    let failure: unknown;
    try {
      yield* receive(channel, called, { request, options, outgoing });
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      outgoing.ended(failure);
    }
  };
}

interface StreamAttempt {
  readonly request: unknown;
  readonly options: CallOptions;
  readonly outgoing: OutgoingCall;
}

async function* receive(channel: CallChannel, called: CalledMethod, attempt: StreamAttempt): AsyncGenerator<unknown> {
  channel.retryBudget.recordCall();
  const { iterator, first, cancel, letGo } = await channel.breaker.run(() => open(channel, called, attempt));
  let isOver = false;
  try {
    for (let step = first; step.done !== true; step = await iterator.next()) {
      yield called.method.responseType.decode(step.value);
    }
    isOver = true;
  } catch (error) {
    isOver = true;
    throw toStreamError(error, channel.peer, attempt);
  } finally {
    letGo();
    // Only when the consumer left early: a reset of every finished stream would count as a rapid-reset attack, for which
    // Node closes the whole session (CVE-2023-44487).
    if (!isOver) cancel();
  }
}

async function open(
  { grpc, peer, resets }: CallChannel,
  called: CalledMethod,
  { request, options, outgoing }: StreamAttempt,
) {
  const { signal } = options;
  if (signal?.aborted === true) throw abortError(signal);
  const bytes = encodeMessage(called.method.requestType, request);
  const stream = grpc.makeServerStreamRequest(called.path, passThrough, passThrough, bytes, outgoing.metadata, {
    deadline: outgoing.deadlineMs,
  });
  const cancel = () => {
    if (outgoing.deadlineMs === Infinity || resets.take()) stream.cancel();
    else stream.resume();
  };
  const letGo = () => signal?.removeEventListener('abort', cancel);
  signal?.addEventListener('abort', cancel, { once: true });
  // grpc-js may report an error after the iterator has gone; without a listener it would be uncaught.
  stream.on('error', () => undefined);
  // A ClientReadableStream is a Readable; its type says nothing of the messages.
  const iterator = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    return { iterator, first: await iterator.next(), cancel, letGo };
  } catch (error) {
    letGo();
    throw toStreamError(error, peer, { options, outgoing });
  }
}

function toStreamError(
  error: unknown,
  peer: string,
  { options: { signal }, outgoing }: Pick<StreamAttempt, 'options' | 'outgoing'>,
): Error {
  if (signal?.aborted === true) return abortError(signal);
  return judge(isServiceError(error) ? fromServiceError(error, peer) : toAppError(error), outgoing);
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}

const passThrough = (bytes: Buffer): Buffer => bytes;
