import { setTimeout as sleep } from 'node:timers/promises';

/** Says what is done again and again. */
export interface RepeatOptions {
  readonly everyMs: number;
  readonly task: (signal: AbortSignal) => Promise<void>;
  /** Told what a run failed with; the next run happens all the same. */
  readonly onError: (error: unknown) => void;
}

/** Runs a task now and then, one run at a time, until it is disposed of; that waits for a run that is under way. */
export function repeat({ everyMs, task, onError }: RepeatOptions): AsyncDisposable {
  const stop = new AbortController();
  const run = async () => {
    while (await waited(everyMs, stop.signal)) {
      try {
        await task(stop.signal);
      } catch (error) {
        onError(error);
      }
    }
  };
  const running = run();
  return {
    [Symbol.asyncDispose]: () => {
      stop.abort();
      return running;
    },
  };
}

async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal, ref: false });
    return true;
  } catch {
    return false;
  }
}
