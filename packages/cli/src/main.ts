#!/usr/bin/env node
import { describeFailure } from './failure.ts';
import { loadEnvFile } from './local/env-file.ts';
import { runProgram } from './run-program.ts';

// `gantry tools | head -1`: a reader that has seen enough is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  loadEnvFile();
  process.exitCode = await runProgram(process.argv.slice(2), process.env);
} catch (error) {
  const { exitCode, text } = describeFailure(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = exitCode;
}
