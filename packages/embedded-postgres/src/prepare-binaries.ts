import { randomBytes } from 'node:crypto';
import { chmod, cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { hydrateSymlinks } from './hydrate-symlinks.ts';
import { isReachable, mayReadAndExecute } from './server-account.ts';
import type { ServerAccount } from './server-account.ts';
import { isSystemError, unlessMissing } from './system-error.ts';

/** What {@link prepareBinaries} needs to know. */
export interface PrepareBinariesOptions {
  /** The folder as npm installed it. */
  readonly nativeDirectory: string;
  /** The user Postgres runs as; undefined means the user of this process. */
  readonly account: ServerAccount | undefined;
  /** Where a copy goes when the installed folder cannot be used. Named after the version, so that an update makes a new one. */
  readonly copyDirectory: string;
}

// What initdb and postgres open first. Whoever may read these may read the rest: one npm process wrote them all.
const PROBES = ['bin/postgres', 'bin/initdb', 'lib', 'share/postgresql'] as const;

/**
 * Makes the binaries ready to run and answers the folder to run them from: the installed one, or a copy of it when that one
 * lacks its library links and is read-only, or lies where the account cannot reach it (a checkout under /root).
 *
 * Safe to run again, and in several processes at once.
 */
export async function prepareBinaries(options: PrepareBinariesOptions): Promise<string> {
  const { nativeDirectory, account, copyDirectory } = options;
  const isUsable = (await hydrateSymlinks(nativeDirectory)) && (await isExecutable(nativeDirectory, account));
  if (isUsable) return nativeDirectory;
  if ((await unlessMissing(stat(copyDirectory))) === undefined) await copyBinaries(nativeDirectory, copyDirectory);
  return join(copyDirectory, 'native');
}

async function isExecutable(nativeDirectory: string, account: ServerAccount | undefined): Promise<boolean> {
  if (account === undefined) return true;
  if (!(await isReachable(nativeDirectory, account))) return false;
  for (const probe of PROBES) {
    if (!mayReadAndExecute(await stat(join(nativeDirectory, probe)), account)) return false;
  }
  return true;
}

/** Copies beside and renames, so that a copy that exists is complete. */
async function copyBinaries(nativeDirectory: string, copyDirectory: string): Promise<void> {
  const temporary = `${copyDirectory}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(temporary, { recursive: true });
    // `verbatimSymlinks`: the links are relative and must point into the copy.
    await cp(nativeDirectory, join(temporary, 'native'), { recursive: true, verbatimSymlinks: true });
    await makeReadable(temporary);
    await hydrateSymlinks(join(temporary, 'native'));
    await rename(temporary, copyDirectory);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // Another process finished the same copy first.
    if (isSystemError(error, 'ENOTEMPTY', 'EEXIST')) return;
    throw error;
  }
}

/** Lets everybody read the copy, whatever the umask of the install or of this process was. */
async function makeReadable(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await makeReadable(path);
    if (entry.isFile()) await chmod(path, directory.endsWith('/bin') ? 0o755 : 0o644);
  }
}
