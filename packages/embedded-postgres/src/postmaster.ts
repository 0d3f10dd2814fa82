import { join } from 'node:path';

import { startChild } from './child-command.ts';
import type { RunningChild } from './child-command.ts';
import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import { pollUntil } from './poll-until.ts';
import { readPostmasterFile } from './postmaster-file.ts';
import { signalProcess } from './process-facts.ts';
import type { ServerLocation } from './server-location.ts';

/** What {@link launchPostmaster} needs to know. */
export interface LaunchOptions {
  readonly location: ServerLocation;
  readonly nativeDirectory: string;
  readonly port: number;
  readonly durable: boolean;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A Postgres that accepts connections. */
export interface Postmaster {
  readonly pid: number;
  /** Settles when it ended, for whatever reason, and answers how; its backends may outlive it. Never rejects. */
  readonly ended: Promise<string>;
  /** Tells it to stop, without waiting. */
  interrupt(): void;
  /** Stops it fast but cleanly; open connections are closed. */
  stop(): Promise<void>;
}

// Recovery after a crash replays at most what a checkpoint interval wrote; two minutes is far beyond that.
const READY_TIMEOUT_MS = 120_000;
const FAST_SHUTDOWN_MS = 30_000;
// Postgres itself kills its backends 5 s after an immediate shutdown began.
const IMMEDIATE_SHUTDOWN_MS = 10_000;

/**
 * Starts Postgres and waits until it accepts connections. Answers undefined when the port was taken.
 *
 * @throws {EmbeddedPostgresError} START_FAILED with what Postgres said.
 */
export async function launchPostmaster(options: LaunchOptions): Promise<Postmaster | undefined> {
  options.signal?.throwIfAborted();
  const child = startChild(
    {
      program: join(options.nativeDirectory, 'bin', 'postgres'),
      args: ['-D', options.location.clusterDirectory, ...settings(options).flatMap((setting) => ['-c', setting])],
      account: options.location.account,
    },
    options.log,
  );
  const pid = child.process.pid;
  try {
    if (pid !== undefined && (await waitUntilReady(child, options))) {
      return {
        pid,
        ended: child.ended,
        interrupt: () => signalProcess(pid, 'SIGINT'),
        stop: () => stopChild(child),
      };
    }
  } catch (error) {
    await stopChild(child);
    throw error;
  }
  const exit = await child.exited;
  if (child.lastLines().includes('Address already in use')) return undefined;
  throw new EmbeddedPostgresError('START_FAILED', `Postgres did not start (${exit.description}): ${child.lastLines()}`);
}

function settings(options: LaunchOptions): readonly string[] {
  return [
    'listen_addresses=127.0.0.1',
    `port=${options.port}`,
    // No socket file: every user of the machine could open it, and its path is limited to 107 bytes.
    'unix_socket_directories=',
    'max_connections=100',
    'shared_buffers=64MB',
    'timezone=UTC',
    'log_timezone=UTC',
    // Failed statements are reported to whoever sent them; here they would only leak their data into the log.
    'log_min_messages=log',
    'log_min_error_statement=panic',
    'log_checkpoints=off',
    ...(options.durable
      ? ['fsync=on', 'synchronous_commit=on', 'full_page_writes=on']
      : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']),
  ];
}

/** Answers false when Postgres ended instead. */
async function waitUntilReady(child: RunningChild, options: LaunchOptions): Promise<boolean> {
  let hasExited = false;
  void child.exited.then(() => (hasExited = true));
  const hasSettled = async (): Promise<boolean> => {
    if (hasExited) return true;
    const file = await readPostmasterFile(options.location.clusterDirectory);
    return file?.pid === child.process.pid && file?.isReady === true;
  };
  const settled = await pollUntil(hasSettled, { timeoutMs: READY_TIMEOUT_MS, signal: options.signal });
  if (settled) return !hasExited;
  throw new EmbeddedPostgresError(
    'START_FAILED',
    `Postgres was not ready after ${READY_TIMEOUT_MS / 1000} s: ${child.lastLines()}`,
  );
}

async function stopChild(child: RunningChild): Promise<void> {
  const steps = [
    ['SIGINT', FAST_SHUTDOWN_MS],
    ['SIGQUIT', IMMEDIATE_SHUTDOWN_MS],
  ] as const;
  for (const [signal, timeoutMs] of steps) {
    if (child.process.pid !== undefined && !hasEnded(child)) signalProcess(child.process.pid, signal);
    if (await endsWithin(child, timeoutMs)) return;
  }
  child.process.kill('SIGKILL');
  await child.ended;
}

function hasEnded(child: RunningChild): boolean {
  return child.process.exitCode !== null || child.process.signalCode !== null;
}

async function endsWithin(child: RunningChild, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => (timer = setTimeout(resolve, timeoutMs, false)));
  try {
    return await Promise.race([child.ended.then(() => true), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
