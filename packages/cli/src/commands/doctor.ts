import type { Command } from 'commander';

import type { CommandContext } from '../command-context.ts';
import type { Check } from '../doctor/check.ts';
import { globalOptions } from '../global-options.ts';
import { formatTable, printJson, printText } from '../output.ts';

const MARKS = { ok: 'ok', failed: 'FAIL', skipped: '-' } as const;

/** Adds `doctor`. */
export function registerDoctorCommand(program: Command, { env, setExitCode }: CommandContext): void {
  program
    .command('doctor')
    .description('check the configuration, the ports, the stores and the services, and say what to do')
    .action(async (_options, command: Command) => {
      const options = globalOptions(command);
      // The clients of the stores take longer to load than all other commands to run.
      const { runChecks } = await import('../doctor/run-checks.ts');
      const checks = await runChecks(options, env);
      const ok = checks.every(({ state }) => state !== 'failed');
      if (options.json) printJson({ ok, checks });
      else printText(describe(checks));
      if (!ok) setExitCode(1);
    });
}

function describe(checks: readonly Check[]): string {
  const rows = checks.map(({ state, name, found }) => [MARKS[state], name, found]);
  const table = formatTable(['', 'CHECK', 'FOUND'], rows);
  const advice = checks.flatMap(({ name, todo }) => (todo === undefined ? [] : [`  ${name}: ${todo}`]));
  return advice.length === 0 ? `${table}\n\nAll is well.` : [table, '', 'What to do:', ...advice].join('\n');
}
