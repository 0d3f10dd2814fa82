/** What is done again and again. */
export interface PeriodicTask {
  readonly everyMs: number;
  readonly run: () => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/**
 * Runs a task periodically, never twice at a time. It does not keep the process alive. Disposing stops it and waits for the run
 * under way.
 */
export function startPeriodicTask({ everyMs, run, onError }: PeriodicTask): AsyncDisposable {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= run()
      .catch(onError)
      .finally(() => (running = undefined));
  }, everyMs);
  timer.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await running;
    },
  };
}
