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
