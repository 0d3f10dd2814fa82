import { CommanderError } from 'commander';

import { describeFailure, type Failure } from './failure.ts';
import { globalOptions } from './global-options.ts';
import { printJson } from './output.ts';
import { createProgram } from './program.ts';

/** Runs the gantry command and returns its exit code: 0 done, 1 failed, 2 written wrongly. Never throws. */
export async function runProgram(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  let exitCode = 0;
  const program = createProgram({
    env,
    setExitCode(code) {
      exitCode = code;
    },
  });
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander throws after it has shown the help somebody asked for.
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const { json, debug } = globalOptions(program);
    const failure = describeFailure(error);
    print(failure, json);
    if (debug) process.stderr.write(`${failure.trace}\n`);
    return failure.exitCode;
  }
}

function print({ report, text }: Failure, isJson: boolean): void {
  if (isJson) printJson({ error: report });
  else process.stderr.write(`${text}\n`);
}
