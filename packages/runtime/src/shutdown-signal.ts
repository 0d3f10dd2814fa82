import { type Clock, systemClock } from '@gantry/telemetry';

/**
 * Ctrl-C under npm reaches a process twice: once from the terminal and once passed on by npm. Both come within
 * milliseconds; a person who presses again takes longer than this.
 */
const ECHO_MS = 500;

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Says what to do when the process is told to stop. */
export interface OnShutdownSignalOptions {
  /** Called once, at the first signal. */
  readonly onFirst: (signal: NodeJS.Signals) => void;
  /** Called at a later signal, unless it comes within 500 ms of the first and so is its echo. */
  readonly onSecond: (signal: NodeJS.Signals) => void;
  readonly clock?: Clock;
}

/** Listens for SIGTERM and SIGINT until disposed. */
export function onShutdownSignal({ onFirst, onSecond, clock = systemClock }: OnShutdownSignalOptions): Disposable {
  let firstAtMs: number | undefined;

  function listen(signal: NodeJS.Signals): void {
    if (firstAtMs === undefined) {
      firstAtMs = clock.now();
      onFirst(signal);
    } else if (clock.now() - firstAtMs >= ECHO_MS) {
      onSecond(signal);
    }
  }

  for (const signal of SIGNALS) process.on(signal, listen);
  return {
    [Symbol.dispose]() {
      for (const signal of SIGNALS) process.off(signal, listen);
    },
  };
}
