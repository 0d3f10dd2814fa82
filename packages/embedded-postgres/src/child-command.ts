import { spawn } from 'node:child_process';
import type { ChildProcess, ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import type { ServerAccount } from './server-account.ts';

/** A program of Postgres to run. */
export interface ChildCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly account: ServerAccount | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Says how a child ended. */
interface ChildExit {
  readonly isSuccess: boolean;
  /** One line: the exit code, the signal, or why it did not start. */
  readonly description: string;
}

/** A running child and its end. */
export interface RunningChild {
  readonly process: ChildProcess;
  /** Settles when the child ended and its output was read, also when it never started. Never rejects. */
  readonly exited: Promise<ChildExit>;
  /**
   * Settles when the child itself ended; children of its own may live on and hold its output open. Answers how. Never
   * rejects.
   */
  readonly ended: Promise<string>;
  /** Answers the last lines of its standard error, for an error message. */
  lastLines(): string;
}

// Enough for Postgres to say what is wrong; bounded because a server may log for weeks.
const KEPT_LINES_MAX = 20;
const KEPT_LINE_CHARS_MAX = 500;

/** Starts a program of Postgres, as the account, away from this process's terminal, folder and environment. */
export function startChild(command: ChildCommand, onLine: (line: string) => void = () => undefined): RunningChild {
  const child = spawnAs(command);
  const kept: string[] = [];
  readLines(child.stderr, (line) => {
    kept.push(line.slice(0, KEPT_LINE_CHARS_MAX));
    if (kept.length > KEPT_LINES_MAX) kept.shift();
    onLine(line);
  });
  return { process: child, exited: childExit(child), ended: childEnd(child), lastLines: () => kept.join('\n') };
}

function spawnAs({ program, args, account, signal }: ChildCommand): ChildProcessByStdio<null, null, Readable> {
  try {
    return spawn(program, args, {
      // The account may not be able to enter the current folder, and initdb insists on knowing it.
      cwd: '/',
      // Secrets in our environment are none of its business. LC_ALL keeps its messages in English, for matching.
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      // A group of its own: Ctrl-C reaches the whole group of the terminal, and Postgres must outlive the services' drain.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...account,
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    // A container without other users, or without the right to switch to one.
    const user = account === undefined ? '' : ` as uid ${account.uid}`;
    throw new EmbeddedPostgresError(
      'START_FAILED',
      `cannot run ${program}${user}: set DATABASE_URL, or start as an ordinary user`,
      { cause: error },
    );
  }
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Infinity }).on('line', onLine);
}

function childExit(child: ChildProcess): Promise<ChildExit> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      // An error without a process id means that it never ran, so no exit will follow.
      if (child.pid === undefined) resolve({ isSuccess: false, description: error.message });
    });
    child.once('close', (code, signal) => {
      resolve({ isSuccess: code === 0, description: describeExit(code, signal) });
    });
  });
}

function childEnd(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve(error.message);
    });
    child.once('exit', (code, signal) => resolve(describeExit(code, signal)));
  });
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`;
}
