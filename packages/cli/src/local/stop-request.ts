const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Resolves at the first signal that asks this process to stop. */
export interface StopRequest extends Disposable {
  readonly requested: Promise<'stop'>;
}

/**
 * Listens for signals until disposed. Later ones are taken too and change nothing: under npm each Ctrl-C comes twice, and the
 * second must not end this process before its children.
 */
export function listenForStop(): StopRequest {
  const { promise, resolve } = Promise.withResolvers<'stop'>();
  const stop = () => resolve('stop');
  for (const signal of SIGNALS) process.on(signal, stop);
  return {
    requested: promise,
    [Symbol.dispose]() {
      for (const signal of SIGNALS) process.off(signal, stop);
    },
  };
}
