import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { exchange } from './exchange.ts';
import { type HttpPlan, toTemplates } from './http-plan.ts';
import type { Load } from './load.ts';
import { runProgram } from './run-program.ts';
import { parseWrkOutput } from './wrk-output.ts';
import { toWrkScript } from './wrk-script.ts';

/** Says how much is in flight, and where the Lua program is written. */
export interface WrkOptions {
  readonly name: string;
  readonly connections: number;
  readonly folder: string;
}

/** Keeps a request in flight on each of a number of connections, with wrk. */
export async function createWrkLoad(plan: HttpPlan, { name, connections, folder }: WrkOptions): Promise<Load> {
  const script = join(folder, `${name}.lua`);
  await writeFile(script, toWrkScript(toTemplates(plan)));
  const { bytes: answerBytes } = await exchange(plan);
  return {
    generator: 'wrk',
    async run(seconds) {
      const url = `http://${plan.host}:${plan.port}${plan.path}`;
      // One thread: a second one would take the processor from what is measured.
      const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '5s', '-s', script, url];
      return parseWrkOutput(await runProgram('wrk', args), { connections, answerBytes });
    },
  };
}
