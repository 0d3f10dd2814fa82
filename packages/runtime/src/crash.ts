import type { Logger } from '@gantry/telemetry';

import { exitCode } from './exit-code.ts';

/**
 * Makes an exception or rejection that nobody handled the end of the process.
 *
 * After one the state of the process is unknown. A supervisor starts it again faster than anybody could reason about it.
 */
export function exitOnCrash(logger: Logger): void {
  process.on('uncaughtException', (error, origin) => {
    logger.fatal({ err: error, origin }, 'nobody handled this error');
    process.exit(exitCode.software);
  });
}

/**
 * Makes it no crash when whoever read standard output or standard error is gone, as with `| head` or a closed terminal:
 * the process can still stop in order, which matters more than what it would have said.
 */
export function ignoreLostReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
