import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { Check } from './check.ts';

/** It only reads its environment; starting Node on a busy machine takes a second or two. */
const TIMEOUT_MS = 20_000;
/** sysexits EX_CONFIG: the problems are listed on standard error, below a heading. */
const EXIT_CONFIG = 78;

/** Asks the single-process cluster to check its own settings: it knows those of every service. */
export function checkClusterSettings(env: NodeJS.ProcessEnv): Promise<Check[]> {
  const main = fileURLToPath(new URL('../../../../services/all/src/main.ts', import.meta.url));
  const { promise, resolve } = Promise.withResolvers<Check[]>();
  execFile(process.execPath, [main, '--check-config'], { env, timeout: TIMEOUT_MS }, (error, _stdout, stderr) => {
    if (error === null) return resolve([{ name: 'settings', state: 'ok', found: 'every variable is valid' }]);
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => line.trim());
    const isListed = error.code === EXIT_CONFIG;
    resolve([
      {
        name: 'settings',
        state: 'failed',
        found: isListed ? lines.slice(1).join(' ') : `could not be checked: ${lines.at(-1) || error.message}`,
        todo: isListed ? 'mend the variables named; .env.example lists all of them' : 'run `npm install` again',
      },
    ]);
  });
  return promise;
}
