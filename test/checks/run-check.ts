/** Runs everything CI runs and stops at the first failure; `--keep-going` runs all steps whatever happens. */
import { runSteps } from './step.ts';
import { checkSteps } from './steps.ts';

const isGood = await runSteps(checkSteps, { keepGoing: process.argv.includes('--keep-going') });
process.exitCode = isGood ? 0 : 1;
