import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';

/** Long enough for a service to migrate its schema on a busy machine. */
const READY_MS_MAX = 60_000;
const POLL_MS = 20;
/** A service drains for ten seconds at most. */
const STOP_MS_MAX = 15_000;
const TAIL_CHARACTERS = 2_000;

/** A process that the harness started. Disposing of it stops it. */
export interface BenchProcess extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
}

/** Says what to start, and how it says that it is ready. */
export interface StartOptions<Ready> {
  readonly name: string;
  /** Arguments of node. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Where its output goes: a file costs it what a file costs every user, and the harness nothing. */
  readonly logFile: string;
  /** Returns what the process announced in a line of its output, or undefined for any other line. */
  readonly parseReady: (line: string) => Ready | undefined;
}

/**
 * Starts a process of its own and waits until it has announced itself.
 *
 * @throws {Error} with the end of its output when it ends, or says nothing within a minute.
 */
export async function startProcess<Ready>(
  options: StartOptions<Ready>,
): Promise<BenchProcess & { readonly ready: Ready }> {
  const { name, args, env, logFile } = options;
  const output = openSync(logFile, 'a');
  // It ends when the channel closes, which happens even when the harness is killed.
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', output, output, 'ipc'] });
  closeSync(output);
  const stop = () => stopChild(child);
  try {
    const ready = await waitUntilReady(child, options);
    return { name, pid: child.pid ?? 0, ready, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function waitUntilReady<Ready>(
  child: ChildProcess,
  { name, logFile, parseReady }: StartOptions<Ready>,
): Promise<Ready> {
  const deadlineMs = performance.now() + READY_MS_MAX;
  while (performance.now() < deadlineMs) {
    const text = readFileSync(logFile, 'utf8');
    for (const line of text.split('\n')) {
      const ready = parseReady(line);
      if (ready !== undefined) return ready;
    }
    if (hasEnded(child)) throw new Error(`${name} ended with ${child.exitCode}: ${text.slice(-TAIL_CHARACTERS)}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`${name} was not ready after ${READY_MS_MAX} ms; its output is in ${logFile}`);
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  await exited;
  clearTimeout(timer);
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
