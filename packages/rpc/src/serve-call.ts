import { isAppError, toAppError } from '@gantry/errors';

import type { CallEnded, CallOutcome, ServerCall, ServerInterceptor } from './server-call.ts';

/**
 * Serves a unary call: interceptors, handler, endings. Rejects with the error to answer, always an AppError. Ends when the
 * call is aborted even if the handler does not.
 */
export async function serveUnary<T>(
  call: ServerCall,
  interceptors: readonly ServerInterceptor[],
  handle: () => Promise<T>,
): Promise<T> {
  const endings: CallEnded[] = [];
  try {
    await begin(call, interceptors, endings);
    const response = await abortable(handle(), call.signal);
    end(endings, { code: 'OK' });
    return response;
  } catch (thrown) {
    throw fail(call, endings, thrown);
  }
}

/** Serves a call that streams its answer: as serveUnary, message by message. */
export async function* serveStream<T>(
  call: ServerCall,
  interceptors: readonly ServerInterceptor[],
  handle: () => AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  const endings: CallEnded[] = [];
  let isDone = false;
  try {
    await begin(call, interceptors, endings);
    yield* abortableStream(handle(), call.signal);
    isDone = true;
    end(endings, { code: 'OK' });
  } catch (thrown) {
    isDone = true;
    throw fail(call, endings, thrown);
  } finally {
    // The consumer stopped early: the client is gone.
    if (!isDone) end(endings, { code: 'CANCELLED' });
  }
}

async function begin(
  call: ServerCall,
  interceptors: readonly ServerInterceptor[],
  endings: CallEnded[],
): Promise<void> {
  for (const intercept of interceptors) {
    const begun = intercept(call);
    // Most interceptors are synchronous; awaiting each would cost a turn of the microtask queue.
    const ended = begun instanceof Promise ? await begun : begun;
    if (ended !== undefined) endings.push(ended);
  }
}

function end(endings: CallEnded[], outcome: CallOutcome): void {
  for (let ended = endings.pop(); ended !== undefined; ended = endings.pop()) ended(outcome);
}

function fail(call: ServerCall, endings: CallEnded[], thrown: unknown): Error {
  const error = toAppError(thrown);
  if (!isAppError(thrown) && error.code === 'INTERNAL') {
    call.logger.error({ err: thrown }, 'rpc failed unexpectedly');
  }
  end(endings, { code: error.code, error });
  return error;
}

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

async function* abortableStream<T>(
  messages: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const iterator = messages[Symbol.asyncIterator]();
  let isDone = false;
  try {
    while (true) {
      const step = await abortable(iterator.next(), signal);
      if (step.done === true) {
        isDone = true;
        return;
      }
      yield step.value;
    }
  } finally {
    // A handler that is still waiting cannot be returned from; it sees the aborted signal and ends by itself.
    if (!isDone) void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}
