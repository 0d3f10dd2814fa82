/** Runs the linters; `--keep-going` runs all of them whatever happens. */
import { runSteps } from './step.ts';
import { lintSteps } from './steps.ts';

const isGood = await runSteps(lintSteps, { keepGoing: process.argv.includes('--keep-going') });
process.exitCode = isGood ? 0 : 1;
