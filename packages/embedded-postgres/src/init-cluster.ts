import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { startChild } from './child-command.ts';
import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import type { ServerAccount } from './server-account.ts';
import type { ServerLocation } from './server-location.ts';

/** What {@link initCluster} needs to know. */
export interface InitClusterOptions {
  readonly location: ServerLocation;
  /** The folder with the binaries. */
  readonly nativeDirectory: string;
  readonly superuser: string;
  readonly password: string;
  /** Whether the new files are flushed to disk before this returns. */
  readonly durable: boolean;
  readonly signal?: AbortSignal | undefined;
}

// initdb takes under a second here; this allows for a cold, slow disk that has to sync 40 MB.
const INITDB_TIMEOUT_MS = 120_000;

/**
 * Makes an empty database cluster. It is made beside and renamed, so that a start that dies half way leaves nothing that
 * looks like data.
 *
 * @throws {EmbeddedPostgresError} START_FAILED with what initdb said.
 */
export async function initCluster(options: InitClusterOptions): Promise<void> {
  const { directory, clusterDirectory, account } = options.location;
  await removeUnfinished(clusterDirectory, directory);
  const suffix = randomBytes(6).toString('hex');
  const unfinished = `${clusterDirectory}.new-${suffix}`;
  const passwordFile = `${unfinished}.password`;
  try {
    await mkdir(unfinished, { mode: 0o700 });
    await own(unfinished, account);
    await writeFile(passwordFile, options.password, { mode: 0o600, flag: 'wx' });
    await own(passwordFile, account);
    await runInitdb(options, { unfinished, passwordFile });
    await rename(unfinished, clusterDirectory);
    if (options.durable) await syncFolder(directory);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function runInitdb(
  options: InitClusterOptions,
  paths: { unfinished: string; passwordFile: string },
): Promise<void> {
  const timeout = AbortSignal.timeout(INITDB_TIMEOUT_MS);
  const child = startChild({
    program: join(options.nativeDirectory, 'bin', 'initdb'),
    args: [
      `--pgdata=${paths.unfinished}`,
      `--username=${options.superuser}`,
      `--pwfile=${paths.passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // The builtin provider sorts the same on every machine and needs no locale of the system.
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
      ...(options.durable ? [] : ['--no-sync']),
    ],
    account: options.location.account,
    signal: options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]),
  });
  const exit = await child.exited;
  options.signal?.throwIfAborted();
  if (exit.isSuccess) return;
  throw new EmbeddedPostgresError('START_FAILED', `initdb failed (${exit.description}): ${child.lastLines()}`);
}

async function own(path: string, account: ServerAccount | undefined): Promise<void> {
  if (account !== undefined) await chown(path, account.uid, account.gid);
}

/** Removes what an earlier start left when it died half way. The lock makes sure that nobody is working on it. */
async function removeUnfinished(clusterDirectory: string, directory: string): Promise<void> {
  const prefix = `${basename(clusterDirectory)}.new-`;
  for (const name of await readdir(directory)) {
    if (name.startsWith(prefix)) await rm(join(directory, name), { recursive: true, force: true });
  }
}

/** Makes the rename itself survive a power cut. */
async function syncFolder(directory: string): Promise<void> {
  const folder = await open(directory, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
