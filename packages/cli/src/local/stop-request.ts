const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Ctrl-C under npm comes twice within milliseconds; a person who presses again takes longer. */
const ECHO_MS = 500;

/** Hears the signals that ask this process to stop. */
export interface StopRequest extends Disposable {
  /** Resolves at the first of them. */
  readonly requested: Promise<'stop'>;
}

/**
 * Listens for signals until disposed. None of them ends this process, which has to outlive its children; from the second on,
 * echoes left aside, `onInsist` is called.
 */
export function listenForStop(onInsist: () => void): StopRequest {
  const { promise, resolve } = Promise.withResolvers<'stop'>();
  let firstAtMs: number | undefined;
  const listen = () => {
    if (firstAtMs !== undefined && performance.now() - firstAtMs >= ECHO_MS) onInsist();
    firstAtMs ??= performance.now();
    resolve('stop');
  };
  for (const signal of SIGNALS) process.on(signal, listen);
  return {
    requested: promise,
    [Symbol.dispose]() {
      for (const signal of SIGNALS) process.off(signal, listen);
    },
  };
}
