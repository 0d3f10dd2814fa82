import { type Clock, systemClock } from '@gantry/telemetry';

/**
 * Ctrl-C under npm reaches a process twice: once from the terminal and once passed on by npm. Both come within
 * milliseconds; a person who presses again takes longer than this.
 */
const ECHO_MS = 500;

/** SIGHUP comes when the terminal is closed; it must not leave a database behind that nobody stopped. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Why the process stops: a signal, or the end of the parent that started it with an IPC channel. */
export type ShutdownCause = NodeJS.Signals | 'disconnect';

/** Says what to do when the process is told to stop. */
export interface OnShutdownSignalOptions {
  /** Called once, at the first signal or when the IPC channel to the parent closes. */
  readonly onFirst: (cause: ShutdownCause) => void;
  /** Called at a later signal, unless it comes within 500 ms of the first and so is its echo. */
  readonly onSecond: (cause: ShutdownCause) => void;
  readonly clock?: Clock;
}

/**
 * Listens for SIGTERM, SIGINT and SIGHUP until disposed.
 *
 * A process that was started with an IPC channel must not outlive its parent. The kernel closes the channel however the
 * parent ended, so a parent that was killed counts as a signal too, though never as the second.
 */
export function onShutdownSignal({ onFirst, onSecond, clock = systemClock }: OnShutdownSignalOptions): Disposable {
  let firstAtMs: number | undefined;

  function listen(cause: ShutdownCause): void {
    if (firstAtMs === undefined) {
      firstAtMs = clock.now();
      onFirst(cause);
    } else if (cause !== 'disconnect' && clock.now() - firstAtMs >= ECHO_MS) {
      onSecond(cause);
    }
  }
  const listenForDisconnect = () => listen('disconnect');

  for (const signal of SIGNALS) process.on(signal, listen);
  process.on('disconnect', listenForDisconnect);
  // The parent may have gone while this process was loading its modules.
  if (process.send !== undefined && !process.connected) listenForDisconnect();
  return {
    [Symbol.dispose]() {
      for (const signal of SIGNALS) process.off(signal, listen);
      process.off('disconnect', listenForDisconnect);
    },
  };
}
