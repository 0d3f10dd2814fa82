import { type AppError, isAppError, toAppError } from '@gantry/errors';

import type { CallEnded, CallOutcome, ServerCall, ServerInterceptor } from './server-call.ts';

/** Where the answer of a unary call goes. Exactly one of `reply` and `fail` is called, once. */
export interface UnarySink {
  /** Encodes the response; throws when it is no message of the method. */
  encode(response: unknown): Buffer;
  reply(bytes: Buffer): void;
  /** `running` settles when the handler has returned; undefined when it has. */
  fail(error: AppError, running: Promise<unknown> | undefined): void;
}

/** Where the answer of a call goes that streams it. After `end` or `fail` nothing is called any more. */
export interface StreamSink {
  /** Takes a message, and tells whether it wants more now. If not, it calls `resume` when it does. */
  reply(response: unknown, resume: () => void): boolean;
  end(): void;
  /** `running` settles when the handler has returned; undefined when it has. */
  fail(error: AppError, running: Promise<unknown> | undefined): void;
}

/**
 * Serves a unary call: interceptors, handler, endings. Ends when the call is aborted even if the handler does not. Without
 * a promise of its own where interceptors answer at once: this is the path that every request takes.
 */
export function serveUnary(
  call: ServerCall,
  interceptors: readonly ServerInterceptor[],
  { handle, sink }: { readonly handle: () => Promise<unknown>; readonly sink: UnarySink },
): void {
  let running: Promise<unknown> | undefined;
  const settlement = new Settlement(call, (error) => sink.fail(error, running));
  const succeed = (response: unknown) => {
    if (settlement.isSettled) return;
    attempt(() => {
      const bytes = sink.encode(response);
      if (settlement.succeed()) sink.reply(bytes);
    }, fail);
  };
  const fail = (thrown: unknown) => {
    running = undefined;
    settlement.fail(thrown);
  };
  const run = () => {
    if (settlement.isSettled) return;
    // A handler that throws before its first await has failed all the same.
    attempt(() => {
      running = handle();
      running.then(succeed, fail);
    }, fail);
  };
  begin(call, interceptors, { settlement, run });
}

/** Serves a call that streams its answer: as serveUnary, message by message. */
export function serveStream(
  call: ServerCall,
  interceptors: readonly ServerInterceptor[],
  { handle, sink }: { readonly handle: () => AsyncIterable<unknown>; readonly sink: StreamSink },
): void {
  let iterator: AsyncIterator<unknown> | undefined;
  const settlement = new Settlement(call, (error) => {
    // A handler that is still waiting cannot be returned from; it sees the aborted signal and ends by itself.
    const running = iterator?.return?.();
    running?.catch(() => undefined);
    sink.fail(error, running);
  });
  const fail = (thrown: unknown) => {
    iterator = undefined;
    settlement.fail(thrown);
  };
  const take = (step: IteratorResult<unknown>) => {
    if (settlement.isSettled) return;
    if (step.done !== true) {
      // A message that cannot be encoded fails the call, and the handler is told by the return of its iterator.
      attempt(
        () => void (sink.reply(step.value, pull) && pull()),
        (thrown) => settlement.fail(thrown),
      );
      return;
    }
    if (settlement.succeed()) sink.end();
  };
  const pull = () => {
    if (settlement.isSettled || iterator === undefined) return;
    iterator.next().then(take, fail);
  };
  const run = () => {
    if (settlement.isSettled) return;
    attempt(() => {
      iterator = handle()[Symbol.asyncIterator]();
      pull();
    }, fail);
  };
  begin(call, interceptors, { settlement, run });
}

/** Sees to it that a call ends once, with its endings in reverse order. */
class Settlement {
  readonly endings: CallEnded[] = [];
  isSettled = false;
  readonly #call: ServerCall;
  readonly #onFailed: (error: AppError) => void;

  constructor(call: ServerCall, onFailed: (error: AppError) => void) {
    this.#call = call;
    this.#onFailed = onFailed;
  }

  /** Returns whether the call had not ended before. */
  succeed(): boolean {
    if (this.isSettled) return false;
    this.#call.succeeded();
    this.#settle({ code: 'OK' });
    return true;
  }

  fail(thrown: unknown): void {
    if (this.isSettled) return;
    const error = toAppError(thrown);
    if (!isAppError(thrown) && error.code === 'INTERNAL') {
      this.#call.logger.error({ err: thrown }, 'rpc failed unexpectedly');
    }
    this.#call.onAbort(undefined);
    this.#settle({ code: error.code, error });
    this.#onFailed(error);
  }

  #settle(outcome: CallOutcome): void {
    this.isSettled = true;
    for (let ended = this.endings.pop(); ended !== undefined; ended = this.endings.pop()) ended(outcome);
  }
}

interface Beginning {
  readonly settlement: Settlement;
  readonly run: () => void;
}

function begin(call: ServerCall, interceptors: readonly ServerInterceptor[], beginning: Beginning): void {
  const { settlement } = beginning;
  call.onAbort((reason) => settlement.fail(reason));
  attempt(
    () => intercept(call, interceptors, { ...beginning, from: 0 }),
    (thrown) => settlement.fail(thrown),
  );
}

function intercept(
  call: ServerCall,
  interceptors: readonly ServerInterceptor[],
  { settlement, run, from }: Beginning & { readonly from: number },
): void {
  const keep = (ended: CallEnded | void) => {
    if (ended === undefined) return;
    // A call that was aborted meanwhile has been ended with the others.
    if (settlement.isSettled) ended({ code: 'CANCELLED' });
    else settlement.endings.push(ended);
  };
  for (let index = from; index < interceptors.length; index += 1) {
    const begun = interceptors[index]?.(call);
    if (begun instanceof Promise) {
      const goOn = () => intercept(call, interceptors, { settlement, run, from: index + 1 });
      begun.then(
        (ended) => {
          keep(ended);
          attempt(goOn, (thrown) => settlement.fail(thrown));
        },
        (thrown: unknown) => settlement.fail(thrown),
      );
      return;
    }
    keep(begun);
  }
  run();
}

function attempt(work: () => void, onThrown: (thrown: unknown) => void): void {
  try {
    work();
  } catch (thrown) {
    onThrown(thrown);
  }
}
