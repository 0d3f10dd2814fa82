import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';

import { root, toolEnv } from './repository.ts';

/** Is one thing that must hold before a change is good. */
export interface Step {
  /** What a person would type. */
  readonly command: string;
  readonly args: readonly string[];
  /** Says why the step does not apply here; undefined when it does. */
  readonly skipReason?: () => string | undefined;
  /** Shows the output while it runs, and not only when it failed. */
  readonly isShown?: boolean;
}

/** Says whether to go on after a step that failed. */
export interface RunStepsOptions {
  readonly keepGoing: boolean;
}

/** Runs steps in order with one line for each, and returns whether all of them passed. */
export async function runSteps(steps: readonly Step[], { keepGoing }: RunStepsOptions): Promise<boolean> {
  const failed: string[] = [];
  for (const step of steps) {
    if (await runStep(step)) continue;
    failed.push(nameOf(step));
    if (!keepGoing) break;
  }
  if (failed.length > 0) process.stderr.write(`failed: ${failed.join('; ')}\n`);
  return failed.length === 0;
}

async function runStep(step: Step): Promise<boolean> {
  const skipReason = step.skipReason?.();
  if (skipReason !== undefined) {
    console.log(`skip  ${nameOf(step)}: ${skipReason}`);
    return true;
  }
  const startMs = performance.now();
  if (step.isShown) console.log(`run   ${nameOf(step)}`);
  const { isGood, output } = await runCommand(step);
  // A step whose output is shown has the last word: vitest ends with its count.
  if (!step.isShown)
    console.log(`${isGood ? 'ok   ' : 'FAIL '} ${nameOf(step)} (${seconds(performance.now() - startMs)})`);
  if (!isGood) process.stdout.write(output);
  return isGood;
}

async function runCommand({ command, args, isShown = false }: Step): Promise<{ isGood: boolean; output: string }> {
  const stdio = isShown ? 'inherit' : 'pipe';
  const child = spawn(command, args, { cwd: root, env: toolEnv(), stdio: ['ignore', stdio, stdio] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  }
  try {
    const [code] = await once(child, 'close');
    return { isGood: code === 0, output };
  } catch (error) {
    return { isGood: false, output: `cannot run ${command}: ${String(error)}; run npm install first\n` };
  }
}

function nameOf({ command, args }: Step): string {
  return [command, ...args].join(' ');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
