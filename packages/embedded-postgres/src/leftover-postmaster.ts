import { rm } from 'node:fs/promises';

import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import { pollUntil } from './poll-until.ts';
import { postmasterFilePath, readPostmasterFile } from './postmaster-file.ts';
import { exists, listServerProcesses, signalProcess } from './process-facts.ts';

/** What {@link stopLeftoverPostmaster} needs to know. */
export interface LeftoverOptions {
  readonly clusterDirectory: string;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

// A fast shutdown writes one checkpoint of at most 64 MB of buffers; a slow disk may take a while.
const FAST_SHUTDOWN_MS = 30_000;
// After an immediate shutdown the backends have 5 s before Postgres kills them itself.
const IMMEDIATE_SHUTDOWN_MS = 10_000;

/**
 * Stops a Postgres that an earlier run left behind on this data (its parent was killed), and waits for orphaned backends.
 * Two servers on one data directory would destroy it. Call only while holding the folder's lock.
 *
 * @throws {EmbeddedPostgresError} START_FAILED when it does not end.
 */
export async function stopLeftoverPostmaster(options: LeftoverOptions): Promise<void> {
  const { clusterDirectory, log } = options;
  const pid = (await readPostmasterFile(clusterDirectory))?.pid;
  const processes = await listServerProcesses(clusterDirectory, pid);
  if (processes.length > 0) {
    log(`stopping a Postgres that an earlier run left behind (process ${pid ?? processes.join(', ')})`);
    await stopAll({ ...options, pid });
  }
  await removeMisleadingFile(clusterDirectory, pid);
}

/**
 * Ends the backends that a dead postmaster left behind on this data: they would keep the next one from starting. They end
 * at once, since nobody learns any more what becomes of their work.
 *
 * @throws {EmbeddedPostgresError} START_FAILED when one does not end.
 */
export async function endOrphans(clusterDirectory: string): Promise<void> {
  const pid = (await readPostmasterFile(clusterDirectory))?.pid;
  await quitAll({ clusterDirectory, pid });
  await removeMisleadingFile(clusterDirectory, pid);
}

/**
 * Postgres would refuse to start when another program, or a zombie, has the process id in the file. A file whose process
 * is gone stays: Postgres uses it to look for orphans of its own.
 */
async function removeMisleadingFile(clusterDirectory: string, pid: number | undefined): Promise<void> {
  if (pid !== undefined && exists(pid)) await rm(postmasterFilePath(clusterDirectory), { force: true });
}

async function stopAll(options: LeftoverOptions & { readonly pid: number | undefined }): Promise<void> {
  const { clusterDirectory, pid, signal } = options;
  const isGone = async (): Promise<boolean> => (await listServerProcesses(clusterDirectory, pid)).length === 0;
  if (pid !== undefined && (await listServerProcesses(clusterDirectory, pid)).includes(pid))
    signalProcess(pid, 'SIGINT');
  if (await pollUntil(isGone, { timeoutMs: FAST_SHUTDOWN_MS, signal })) return;
  await quitAll(options);
}

interface QuitOptions {
  readonly clusterDirectory: string;
  readonly pid: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

async function quitAll({ clusterDirectory, pid, signal }: QuitOptions): Promise<void> {
  const isGone = async (): Promise<boolean> => (await listServerProcesses(clusterDirectory, pid)).length === 0;
  for (const process of await listServerProcesses(clusterDirectory, pid)) signalProcess(process, 'SIGQUIT');
  if (await pollUntil(isGone, { timeoutMs: IMMEDIATE_SHUTDOWN_MS, signal })) return;
  const left = (await listServerProcesses(clusterDirectory, pid)).join(', ');
  throw new EmbeddedPostgresError(
    'START_FAILED',
    `a Postgres left behind on ${clusterDirectory} does not stop: end process ${left} by hand`,
  );
}
