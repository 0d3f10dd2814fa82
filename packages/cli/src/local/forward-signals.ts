import type { ChildProcess } from 'node:child_process';

import { signalChild } from './child.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Passes signals on to a child until disposed, and so does not end before it. At Ctrl-C the terminal has told the child
 * already; it takes what comes within half a second for an echo.
 */
export function forwardSignals(child: ChildProcess): Disposable {
  const forward = (signal: NodeJS.Signals) => signalChild(child, signal);
  for (const signal of SIGNALS) process.on(signal, forward);
  return {
    [Symbol.dispose]() {
      for (const signal of SIGNALS) process.off(signal, forward);
    },
  };
}
