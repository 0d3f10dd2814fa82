import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

// The 3rd and the 22nd field of /proc/<pid>/stat, counted after the command name, which is the 2nd and may contain spaces.
const STATE_FIELD = 0;
const START_TIME_FIELD = 19;

/** Tells whether the system knows a process with this id, whoever owns it, also one that ended and waits for its parent to notice. */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Tells whether a process runs. In a container without an init process a killed one may stay as a zombie for ever: it does not run. */
export async function isRunning(pid: number): Promise<boolean> {
  if (!exists(pid)) return false;
  const fields = await readStat(pid);
  return fields === undefined || !['Z', 'X'].includes(fields[STATE_FIELD] ?? '');
}

/** Sends a signal to a process that may be gone already. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone, which is what every caller wants.
  }
}

/**
 * Answers a mark that two processes never share even when they share an id: boot and start time. Undefined where the
 * system does not tell (no /proc) or the process is gone.
 */
export async function processMark(pid: number): Promise<string | undefined> {
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => undefined);
  const startTime = (await readStat(pid))?.[START_TIME_FIELD];
  return bootId === undefined || startTime === undefined ? undefined : `${bootId.trim()}/${startTime}`;
}

/**
 * Lists the Postgres processes that work in this data directory. `postmasterPid` is checked where there is no /proc to
 * search (macOS); there, orphaned backends are not seen.
 */
export async function listServerProcesses(
  clusterDirectory: string,
  postmasterPid: number | undefined,
): Promise<readonly number[]> {
  const names = await readdir('/proc').catch(() => undefined);
  if (names === undefined)
    return postmasterPid !== undefined && (await runsIn(postmasterPid, clusterDirectory)) ? [postmasterPid] : [];
  const found: number[] = [];
  for (const name of names) {
    if (!/^\d+$/.test(name)) continue;
    // Postgres changes into its data directory at start. Processes of other users cannot be read, and are not ours.
    const directory = await readlink(`/proc/${name}/cwd`).catch(() => undefined);
    if (directory !== clusterDirectory) continue;
    const program = await readlink(`/proc/${name}/exe`).catch(() => '');
    // A program whose file was replaced by an update reads as `…/postgres (deleted)`.
    if (/\/postgres( \(deleted\))?$/.test(program)) found.push(Number(name));
  }
  return found;
}

/** Answers the fields after the command name, or undefined when there is no such process or no /proc. */
async function readStat(pid: number): Promise<readonly string[] | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

async function runsIn(pid: number, clusterDirectory: string): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'args=', '-p', String(pid)]);
    return stdout.includes('postgres') && stdout.includes(clusterDirectory);
  } catch {
    return false;
  }
}
