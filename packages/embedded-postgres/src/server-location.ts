import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import { chooseServerAccount, isReachable } from './server-account.ts';
import type { ServerAccount } from './server-account.ts';
import { unlessMissing } from './system-error.ts';

/** Says where the files of one embedded Postgres lie, and who owns them. */
export interface ServerLocation {
  /** The folder that was asked for, with symlinks resolved. */
  readonly wantedDirectory: string;
  /** The folder that is used: holds the cluster, the password and the lock. */
  readonly directory: string;
  /** The folder Postgres calls its data directory. */
  readonly clusterDirectory: string;
  /** The user Postgres runs as; undefined means the user of this process. */
  readonly account: ServerAccount | undefined;
  /** Whether `directory` is another folder than the one asked for. */
  readonly isRelocated: boolean;
}

/** What {@link resolveLocation} needs to know. */
export interface ResolveLocationOptions {
  readonly dataDirectory: string;
  /** Holds data that cannot lie in `dataDirectory`. Only used by root. */
  readonly fallbackDirectory: string;
}

const POINTER_FILE = 'postgres-location.txt';
const CLUSTER_FOLDER = 'pgdata';
// 48 bits name the folders of one machine without collision.
const NAME_DIGITS = 12;

/**
 * Decides where the data lies. It is the folder asked for, unless this process is root and the unprivileged user that has
 * to run Postgres cannot reach that folder: then it is a folder below `fallbackDirectory`, named after the one asked for.
 *
 * @throws {EmbeddedPostgresError} DATA_MISSING, UNREACHABLE
 */
export async function resolveLocation(options: ResolveLocationOptions): Promise<ServerLocation> {
  await mkdir(options.dataDirectory, { recursive: true });
  const wantedDirectory = await realpath(options.dataDirectory);
  const pointedAt = await readPointer(wantedDirectory);
  if (pointedAt !== undefined) return locationAt(wantedDirectory, pointedAt);

  const here = await locationAt(wantedDirectory, wantedDirectory);
  if (here.account === undefined || (await isReachable(wantedDirectory, here.account))) return here;
  if ((await unlessMissing(stat(here.clusterDirectory))) !== undefined)
    throw unreachable(here.clusterDirectory, here.account);
  return relocate(wantedDirectory, options.fallbackDirectory);
}

/** Leaves a note in the folder asked for that says where the data is, and binds that folder to it even if it is moved. */
export async function writePointer(location: ServerLocation): Promise<void> {
  if (location.isRelocated) await writeFile(join(location.wantedDirectory, POINTER_FILE), `${location.directory}\n`);
}

async function readPointer(wantedDirectory: string): Promise<string | undefined> {
  const path = join(wantedDirectory, POINTER_FILE);
  const directory = (await unlessMissing(readFile(path, 'utf8')))?.trim();
  if (directory === undefined) return undefined;
  if ((await unlessMissing(stat(join(directory, CLUSTER_FOLDER)))) !== undefined) return directory;
  const advice = `bring it back, or delete ${path} to start with an empty database`;
  throw new EmbeddedPostgresError(
    'DATA_MISSING',
    `the Postgres data of ${wantedDirectory} was in ${directory}, which is gone: ${advice}`,
  );
}

async function relocate(wantedDirectory: string, fallbackDirectory: string): Promise<ServerLocation> {
  const name = createHash('sha256').update(wantedDirectory).digest('hex').slice(0, NAME_DIGITS);
  const directory = join(fallbackDirectory, name);
  await mkdir(directory, { recursive: true });
  // The umask may have taken these bits away. Entering is enough: nobody needs to list what is there.
  await chmod(fallbackDirectory, 0o755);
  await chmod(directory, 0o711);
  const location = await locationAt(wantedDirectory, await realpath(directory));
  if (location.account !== undefined && !(await isReachable(location.directory, location.account))) {
    throw unreachable(location.directory, location.account);
  }
  return location;
}

async function locationAt(wantedDirectory: string, directory: string): Promise<ServerLocation> {
  const clusterDirectory = join(directory, CLUSTER_FOLDER);
  const account = await chooseServerAccount(clusterDirectory);
  return { wantedDirectory, directory, clusterDirectory, account, isRelocated: directory !== wantedDirectory };
}

function unreachable(directory: string, account: ServerAccount): EmbeddedPostgresError {
  const advice = 'let everybody enter the folders above it (chmod o+x), or choose another data folder';
  return new EmbeddedPostgresError(
    'UNREACHABLE',
    `uid ${account.uid}, which runs Postgres, cannot reach ${directory}: ${advice}`,
  );
}
