import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import { lockFolder } from './folder-lock.ts';
import type { FolderLock } from './folder-lock.ts';
import { findFreePort } from './free-port.ts';
import { initCluster } from './init-cluster.ts';
import { endOrphans, stopLeftoverPostmaster } from './leftover-postmaster.ts';
import { loadPassword } from './password-file.ts';
import { locateBinaries } from './platform-binaries.ts';
import { launchPostmaster } from './postmaster.ts';
import type { Postmaster } from './postmaster.ts';
import { prepareBinaries } from './prepare-binaries.ts';
import { resolveLocation, writePointer } from './server-location.ts';
import type { ServerLocation } from './server-location.ts';
import { supervisePostmaster } from './supervise-postmaster.ts';
import type { Supervision } from './supervise-postmaster.ts';
import { unlessMissing } from './system-error.ts';

/** Describes the Postgres to start. */
export interface EmbeddedPostgresOptions {
  /** Holds the data. Made if missing. One process at a time may use it. */
  readonly dataDirectory: string;
  /** True: nothing acknowledged is lost in a power cut. False, for tests: no disk is waited for, and a crash loses the data. */
  readonly durable: boolean;
  /** TCP port on 127.0.0.1. Default 0: any free one. */
  readonly port?: number;
  /** Holds the data, and a copy of the binaries, when root starts Postgres on a folder that an unprivileged user cannot reach. Default `/var/lib/gantry`. */
  readonly fallbackDirectory?: string;
  /** Receives one line at a time: what the launcher did that the user should know, and what Postgres itself logs. */
  readonly log?: (line: string) => void;
  /** Gives up the start. Has no effect once it is done. */
  readonly signal?: AbortSignal;
}

/** A running Postgres. Disposing of it stops it. */
export interface EmbeddedPostgres extends AsyncDisposable {
  /** The process id of the postmaster; another one once it died and was started again. */
  readonly pid: number;
  /** Where the data is: `dataDirectory` with symlinks resolved, or a folder below `fallbackDirectory`. */
  readonly directory: string;
  /** Answers a connection string, password included, for a database. Default: `postgres`, which always exists. */
  url(database?: string): string;
  /**
   * Resolves when Postgres died and is not started again (reason LOST): five restarts within a minute did not help. Never
   * rejects, and stays pending when it is stopped. Call `stop()` all the same.
   */
  readonly lost: Promise<EmbeddedPostgresError>;
  /** Closes all connections, stops Postgres and waits until it is gone. May be called again, and after it died by itself. */
  stop(): Promise<void>;
}

const SUPERUSER = 'postgres';
const DEFAULT_FALLBACK_DIRECTORY = '/var/lib/gantry';
// Each conflict needs another program to take a random port within milliseconds.
const PORT_ATTEMPTS_MAX = 5;

/**
 * Starts a real Postgres as a child process and waits until it accepts connections.
 *
 * It listens on 127.0.0.1 only and wants a password, which is generated once and kept beside the data with mode 0600. When
 * this process is root, Postgres runs as an unprivileged user. A Postgres that a killed run left behind on the same data is
 * stopped first. When it dies without having been stopped it is started again, on the same port and data; connections break,
 * and what was acknowledged is there.
 *
 * @throws {EmbeddedPostgresError} with a message that says what to do.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const binaries = locateBinaries();
  const fallbackDirectory = options.fallbackDirectory ?? DEFAULT_FALLBACK_DIRECTORY;
  const location = await resolveLocation({ dataDirectory: options.dataDirectory, fallbackDirectory });
  const lock = await lockFolder(location.directory);
  try {
    const nativeDirectory = await prepareBinaries({
      nativeDirectory: binaries.nativeDirectory,
      account: location.account,
      copyDirectory: join(
        location.account === undefined ? location.directory : fallbackDirectory,
        `postgres-${binaries.id}`,
      ),
    });
    const password = await prepareCluster({
      ...options,
      location,
      nativeDirectory,
      majorVersion: binaries.majorVersion,
    });
    const { postmaster, port } = await launchOnFreePort({ ...options, location, nativeDirectory });
    const supervision = supervise({ ...options, location, nativeDirectory, port }, postmaster);
    return handle({ supervision, port, password, lock, directory: location.directory });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

interface Preparation extends EmbeddedPostgresOptions {
  readonly location: ServerLocation;
  readonly nativeDirectory: string;
}

/** Makes the data ready to be served, and answers the password for it. */
async function prepareCluster(options: Preparation & { readonly majorVersion: string }): Promise<string> {
  const { location, durable, signal, nativeDirectory, log = () => undefined } = options;
  const isInitialised = await checkCluster(location, options.majorVersion);
  const password = await loadPassword(location.directory, isInitialised);
  if (isInitialised) {
    await stopLeftoverPostmaster({ clusterDirectory: location.clusterDirectory, log, signal });
  } else {
    await initCluster({ location, nativeDirectory, superuser: SUPERUSER, password, durable, signal });
  }
  await writePointer(location);
  if (location.isRelocated) {
    log(
      `Postgres keeps its data in ${location.directory}, because uid ${location.account?.uid ?? 'unknown'}, which runs it, cannot reach ${location.wantedDirectory}`,
    );
  }
  return password;
}

/** Answers whether there is data, and refuses data that this Postgres cannot serve. */
async function checkCluster(location: ServerLocation, majorVersion: string): Promise<boolean> {
  const cluster = await unlessMissing(stat(location.clusterDirectory));
  if (cluster === undefined) return false;
  const uid = process.getuid?.();
  if (location.account === undefined && cluster.uid !== uid) {
    const advice = `start as that user or as root, or give the folder to this user (chown -R ${uid ?? ''} ${location.directory})`;
    throw new EmbeddedPostgresError(
      'WRONG_OWNER',
      `${location.clusterDirectory} belongs to uid ${cluster.uid}: ${advice}`,
    );
  }
  const version = (await unlessMissing(readFile(join(location.clusterDirectory, 'PG_VERSION'), 'utf8')))?.trim();
  if (version === majorVersion) return true;
  const found = version === undefined ? 'is not a Postgres data directory' : `was made by Postgres ${version}`;
  const advice = `dump it with that version and load it here, or move it away to start empty`;
  throw new EmbeddedPostgresError(
    'VERSION_MISMATCH',
    `${location.clusterDirectory} ${found}, and this is Postgres ${majorVersion}: ${advice}`,
  );
}

async function launchOnFreePort(options: Preparation): Promise<{ postmaster: Postmaster; port: number }> {
  const { port: wantedPort = 0, log = () => undefined } = options;
  const attempts = wantedPort === 0 ? PORT_ATTEMPTS_MAX : 1;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const port = wantedPort === 0 ? await findFreePort() : wantedPort;
    const postmaster = await launchPostmaster({ ...options, port, log });
    if (postmaster !== undefined) return { postmaster, port };
  }
  const problem =
    wantedPort === 0 ? 'no free port was found' : `port ${wantedPort} is taken: choose another one, or 0 for any`;
  throw new EmbeddedPostgresError('START_FAILED', `Postgres cannot listen on 127.0.0.1: ${problem}`);
}

/** The signal of the options ends with the start, so it does not come along. */
function supervise(options: Preparation & { readonly port: number }, postmaster: Postmaster): Supervision {
  const { location, nativeDirectory, port, durable, log = () => undefined } = options;
  return supervisePostmaster({
    postmaster,
    launch: (signal) => launchPostmaster({ location, nativeDirectory, port, durable, log, signal }),
    endOrphans: () => endOrphans(location.clusterDirectory),
    log,
  });
}

interface HandleParts {
  readonly supervision: Supervision;
  readonly port: number;
  readonly password: string;
  readonly lock: FolderLock;
  readonly directory: string;
}

function handle({ supervision, port, password, lock, directory }: HandleParts): EmbeddedPostgres {
  let stopping: Promise<void> | undefined;
  // Nothing can be awaited while a process exits, but Postgres can still be told.
  const onExit = (): void => supervision.interrupt();
  process.once('exit', onExit);
  const stop = async (): Promise<void> => {
    await supervision.stop();
    process.removeListener('exit', onExit);
    await lock.release();
  };
  return {
    get pid() {
      return supervision.pid;
    },
    lost: supervision.lost,
    directory,
    url: (database = SUPERUSER) =>
      `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
    stop: () => (stopping ??= stop()),
    [Symbol.asyncDispose]: () => (stopping ??= stop()),
  };
}
