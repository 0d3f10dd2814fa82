import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { type Credentials, readCredentials } from '@gantry/data-folder';
import { expect } from 'vitest';

/** Long enough to initialise an embedded Postgres on a busy machine. */
const WAIT_MS_MAX = 60_000;

const FOLDER_MODE = 0o755;

const root = fileURLToPath(new URL('../..', import.meta.url));

const gantry = [process.execPath, join(root, 'packages/cli/src/main.ts')];

/** The command line of `npm start`, without npm. */
export const startCommand: readonly string[] = [...gantry, 'start'];

/** The command line of `npm run cluster`, without npm. */
export const clusterCommand: readonly string[] = [...gantry, 'cluster'];

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

/** A new data folder; disposing kills what still runs with it. */
export interface DataFolder extends AsyncDisposable {
  readonly path: string;
}

/** A command that starts a Gantry, in a process group of its own. */
export interface StartedCommand {
  readonly process: ChildProcess;
  /** What it has printed so far. */
  output(): { readonly stdout: string; readonly stderr: string };
  /** Resolves once credentials.json is there; rejects when the command ends before. */
  ready(): Promise<Credentials>;
  /** Sends a signal to the whole group, as the terminal does. */
  signalGroup(signal: NodeJS.Signals): void;
  /** Resolves with the exit code once the command and all who could write to its output have ended. */
  ended(): Promise<number | null>;
}

/** Creates a data folder. */
export async function createDataFolder(): Promise<DataFolder> {
  const path = await mkdtemp(join(tmpdir(), 'gantry-run-'));
  // Root runs Postgres as another user; where that one cannot go, its data would be put elsewhere.
  await chmod(path, FOLDER_MODE);
  return {
    path,
    async [Symbol.asyncDispose]() {
      for (const { pid } of await processesWith(path)) killIfThere(pid, 'SIGKILL');
      await rm(path, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Starts a command on a data folder. */
export function startOn(folder: DataFolder, command: readonly string[], env: NodeJS.ProcessEnv = {}): StartedCommand {
  const [program = '', ...args] = command;
  // The stores of the test run are not those of a first start, nor are those of a .env: what is set to nothing wins too.
  const inherited = { ...process.env, DATABASE_URL: '', REDIS_URL: '' };
  const child = spawn(program, args, {
    cwd: root,
    env: { ...inherited, ...anyPorts, ...env, GANTRY_DATA_DIR: folder.path },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = once(child, 'close');
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  return {
    process: child,
    output: () => output,
    async ready() {
      const find = () => readCredentials(folder.path);
      await expect
        .poll(async () => child.exitCode ?? child.signalCode ?? (await find()), { timeout: WAIT_MS_MAX })
        .toBeDefined();
      const credentials = await find();
      if (credentials === undefined) throw new Error(`it ended: ${output.stdout}${output.stderr}`);
      return credentials;
    },
    signalGroup: (signal) => killIfThere(-(child.pid ?? 0), signal),
    async ended() {
      await ended;
      return child.exitCode;
    },
  };
}

/** Returns the processes of this machine that belong to a data folder: those told of it, and its Postgres, which is in it. */
export async function processesWith(folder: string): Promise<{ readonly pid: number; readonly args: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [args, env, place] = await Promise.all([
        textOf(readFile(join('/proc', pid, 'cmdline'), 'utf8')),
        textOf(readFile(join('/proc', pid, 'environ'), 'utf8')),
        textOf(readlink(join('/proc', pid, 'cwd'))),
      ]);
      return { pid: Number(pid), args: args.replaceAll('\0', ' '), isOurs: `${args}${env}${place}`.includes(folder) };
    }),
  );
  return found.filter(({ isOurs }) => isOurs).map(({ pid, args }) => ({ pid, args }));
}

async function textOf(reading: Promise<string>): Promise<string> {
  try {
    return await reading;
  } catch {
    // The process has ended meanwhile, or is another user's.
    return '';
  }
}

function killIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
