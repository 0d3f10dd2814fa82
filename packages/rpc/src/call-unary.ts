import { isAppError } from '@gantry/errors';
import { retry } from '@gantry/resilience';

import type { CallChannel, CalledMethod } from './call-channel.ts';
import type { CallOptions } from './call-options.ts';
import { toAbortSignal } from './cancel-signal.ts';
import { encodeMessage } from './encode-message.ts';
import { abortError, beginCall, judge, type OutgoingCall } from './outgoing-call.ts';
import { withoutDetails } from './status-object.ts';

/** Two retries: with three replicas, one that goes away and one that is going are survived. */
const RETRIES_MAX = 2;
const RETRY_BASE_MS = 10;
const RETRY_MAX_MS = 100;

/** Returns the function that calls a unary method. */
export function callUnary(channel: CallChannel, called: CalledMethod) {
  return async (request: unknown, options: CallOptions = {}): Promise<unknown> => {
    const outgoing = await beginCall(channel, called, options);
    try {
      const bytes = encodeMessage(called.method.requestType, request);
      const reply = await attempts(channel, called, { outgoing, options, bytes });
      // A reply that is no message of the method fails the call, which must end once.
      const response = called.method.responseType.decode(reply);
      outgoing.ended();
      return response;
    } catch (error) {
      outgoing.ended(error);
      throw error;
    }
  };
}

interface Attempt {
  readonly outgoing: OutgoingCall;
  readonly options: CallOptions;
  readonly bytes: Buffer;
}

function attempts(channel: CallChannel, called: CalledMethod, attempt: Attempt): Promise<Buffer> {
  const { breaker, retryBudget } = channel;
  const once = () => breaker.run(() => send(channel, called, attempt));
  if (called.method.options.idempotencyLevel === undefined) return once();
  return retry(once, {
    retriesMax: RETRIES_MAX,
    isRetryable: isWorthRetrying,
    budget: retryBudget,
    baseMs: RETRY_BASE_MS,
    maxMs: RETRY_MAX_MS,
    deadlineMs: attempt.outgoing.deadlineMs,
    ...(attempt.options.signal === undefined ? {} : { signal: toAbortSignal(attempt.options.signal) }),
  });
}

/** The callee did not do it, and another replica may: an open breaker speaks for all of them. */
function isWorthRetrying(error: unknown): boolean {
  return isAppError(error) && error.code === 'UNAVAILABLE' && error.reason !== 'CIRCUIT_OPEN';
}

function send(channel: CallChannel, called: CalledMethod, { outgoing, options, bytes }: Attempt): Promise<Buffer> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(abortError(signal));
    let reply: Buffer | undefined;
    const sent = channel.transport.send(
      { called, outgoing, payload: bytes },
      {
        reply: (payload) => (reply = payload),
        ended(error) {
          signal?.removeEventListener('abort', abort);
          if (error !== undefined) return reject(judge(error, outgoing));
          if (reply === undefined) return reject(withoutDetails('INTERNAL', channel.peer));
          resolve(reply);
        },
      },
    );
    const abort = () => {
      sent.cancel();
      if (signal !== undefined) reject(abortError(signal));
    };
    signal?.addEventListener('abort', abort, { once: true });
  });
}
