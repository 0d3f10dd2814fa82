import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { type Credentials, readCredentials } from '@gantry/data-folder';
import { vi } from 'vitest';

/** Long enough to initialise an embedded Postgres on a busy machine. */
const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 30_000;

const cliMain = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));

/** Every port free to choose, so that nothing of this machine is in the way. */
const anyPorts = {
  GATEWAY_HTTP_PORT: '0',
  GATEWAY_GRPC_PORT: '0',
  CONTEXT_GRPC_PORT: '0',
  TOOL_GRPC_PORT: '0',
  RESOURCE_GRPC_PORT: '0',
  AUTH_GRPC_PORT: '0',
  ADMIN_PORT: '0',
};

/** What a command printed, and how it ended. */
export interface CommandOutcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A Gantry that was started by its command line, as a user would. */
export interface RunningGantry extends AsyncDisposable {
  readonly credentials: Credentials;
  readonly dataFolder: string;
  /** What it has printed so far. */
  output(): string;
  /** Runs a command of the CLI against it. */
  cli(...args: readonly string[]): Promise<CommandOutcome>;
  /** Starts a command of the CLI against it. */
  spawnCli(...args: readonly string[]): ChildProcess;
  /** Ctrl-C; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** kill -9 of the command and, by that, of everything it started. */
  kill(): Promise<void>;
}

/** Says how to start one. */
export interface StartOptions {
  /** The arguments of the CLI, e.g. `['start']`. */
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Default: a new one that is removed with it. */
  readonly dataFolder?: string;
}

/** Starts a Gantry and waits until it has written its credentials. */
export async function startGantry({ args, env = {}, dataFolder }: StartOptions): Promise<RunningGantry> {
  const folder = dataFolder ?? (await makeFolder());
  const childEnv = { ...withoutStores(process.env), ...anyPorts, ...env, GANTRY_DATA_DIR: folder };
  const child = spawn(process.execPath, [cliMain, ...args], {
    env: childEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let printed = '';
  child.stdout.on('data', (chunk) => (printed += String(chunk)));
  child.stderr.on('data', (chunk) => (printed += String(chunk)));
  const exited = once(child, 'exit');
  const credentials = await vi.waitFor(
    async () => {
      if (child.exitCode !== null) return undefined;
      const found = printed.includes('Gantry is ready') ? await readCredentials(folder) : undefined;
      if (found === undefined) throw new Error(`not ready after ${READY_MS_MAX} ms:\n${printed}`);
      return found;
    },
    { timeout: READY_MS_MAX, interval: 50 },
  );
  if (credentials === undefined) throw new Error(`gantry ${args.join(' ')} ended with ${child.exitCode}:\n${printed}`);

  const spawnCli = (...cliArgs: readonly string[]) =>
    spawn(process.execPath, [cliMain, ...cliArgs], { env: childEnv, stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) signalGroup(child, 'SIGINT');
    const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_MS_MAX);
    await exited;
    clearTimeout(timer);
    return child.exitCode;
  };
  return {
    credentials,
    dataFolder: folder,
    output: () => printed,
    spawnCli,
    cli: (...cliArgs) => outcomeOf(spawnCli(...cliArgs)),
    stop,
    async kill() {
      signalGroup(child, 'SIGKILL');
      await exited;
    },
    async [Symbol.asyncDispose]() {
      await stop();
      if (dataFolder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Open to go through: the embedded Postgres runs as an unprivileged user, and would be put elsewhere otherwise. */
async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-e2e-'));
  await chmod(folder, 0o755);
  return folder;
}

/** Waits for a command to end and collects what it printed. */
export async function outcomeOf(child: ChildProcess): Promise<CommandOutcome> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr?.on('data', (chunk) => (stderr += String(chunk)));
  await once(child, 'close');
  return { exitCode: child.exitCode, stdout, stderr };
}

/** As the terminal does it: the signal reaches the command and everything it started in its group. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch (error) {
    // The group is gone already.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** The stores of the test run are given to a cluster on purpose only. */
function withoutStores({ DATABASE_URL: _database, REDIS_URL: _redis, ...env }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return env;
}
