import { setTimeout as delay } from 'node:timers/promises';

import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import type { Postmaster } from './postmaster.ts';

/** What {@link supervisePostmaster} needs to know. */
export interface SupervisionOptions {
  /** The one that runs now. */
  readonly postmaster: Postmaster;
  /** Starts another one on the same data and port. Answers undefined when the port is taken. */
  readonly launch: (signal: AbortSignal) => Promise<Postmaster | undefined>;
  /** Ends what a dead postmaster left running. */
  readonly endOrphans: () => Promise<void>;
  readonly log: (line: string) => void;
  /** Tells the time in milliseconds; need not be that of the day. Default: a monotonic clock. */
  readonly clock?: { now(): number };
  /** Milliseconds between a start that failed and the next one. Default 1,000. */
  readonly retryDelayMs?: number;
}

/** A Postgres that is started again when it dies. */
export interface Supervision {
  /** The process id of the postmaster that runs, or ran last. */
  readonly pid: number;
  /** Resolves when it died and is not started again. Never rejects; stays pending when it is stopped. */
  readonly lost: Promise<EmbeddedPostgresError>;
  /** Tells the postmaster, if one runs, to stop, without waiting. */
  interrupt(): void;
  /** Stops it, or its restart, and waits until nothing of it runs. */
  stop(): Promise<void>;
}

// What kills Postgres five times within a minute is no accident: broken data, a full disk, a machine without memory.
const RESTARTS_MAX = 5;
const RESTARTS_WINDOW_MS = 60_000;
// Whoever took the port, or the last of the memory, may be gone in a moment.
const RETRY_DELAY_MS = 1_000;

/** Watches over a postmaster from now on, and starts it again when it dies without having been stopped. */
export function supervisePostmaster(options: SupervisionOptions): Supervision {
  const { log, endOrphans } = options;
  const stopping = new AbortController();
  const lost = Promise.withResolvers<EmbeddedPostgresError>();
  const restart = createRestart(options, stopping.signal);
  let current = options.postmaster;
  let isAlive = true;

  async function live(): Promise<void> {
    for (;;) {
      const problem = await current.ended;
      isAlive = false;
      if (stopping.signal.aborted) return;
      log(`Postgres ended unexpectedly (${problem})`);
      const next = await restart(problem);
      if (next === undefined || next instanceof EmbeddedPostgresError) {
        await endOrphans().catch((error: unknown) => log(messageOf(error)));
        if (next !== undefined) lost.resolve(next);
        return;
      }
      current = next;
      isAlive = true;
      if (stopping.signal.aborted) await current.stop();
      else log(`Postgres runs again (process ${current.pid})`);
    }
  }

  const ended = live();
  return {
    get pid() {
      return current.pid;
    },
    lost: lost.promise,
    interrupt() {
      if (isAlive) current.interrupt();
    },
    async stop() {
      stopping.abort();
      await current.stop();
      await ended;
    },
  };
}

type Restart = (died: string) => Promise<Postmaster | EmbeddedPostgresError | undefined>;

/** Returns what starts another postmaster. It answers why not when that does not help, and undefined when it was stopped. */
function createRestart(options: SupervisionOptions, signal: AbortSignal): Restart {
  const { log, launch, endOrphans, retryDelayMs = RETRY_DELAY_MS } = options;
  const mayRestart = restartBudget(options.clock ?? performance);

  /** Answers why it failed, if it did. */
  async function attempt(): Promise<Postmaster | string> {
    try {
      await endOrphans();
      return (await launch(signal)) ?? 'its port is taken by another program';
    } catch (error) {
      return messageOf(error);
    }
  }

  return async (died) => {
    let problem = died;
    while (!signal.aborted) {
      if (!mayRestart()) return lostBecause(problem);
      const result = await attempt();
      if (typeof result !== 'string') return result;
      problem = result;
      if (signal.aborted) break;
      log(`Postgres could not be started again: ${problem}`);
      await delay(retryDelayMs, undefined, { signal }).catch(() => undefined);
    }
    return undefined;
  };
}

/** Returns what tells whether one more start may be tried, and counts it. */
function restartBudget(clock: { now(): number }): () => boolean {
  let triedAtMs: readonly number[] = [];
  return () => {
    const nowMs = clock.now();
    const recent = triedAtMs.filter((atMs) => nowMs - atMs < RESTARTS_WINDOW_MS);
    if (recent.length >= RESTARTS_MAX) return false;
    triedAtMs = [...recent, nowMs];
    return true;
  };
}

function lostBecause(problem: string): EmbeddedPostgresError {
  const tries = `${RESTARTS_MAX} restarts within ${RESTARTS_WINDOW_MS / 1_000} s did not help`;
  return new EmbeddedPostgresError(
    'LOST',
    `Postgres ended and ${tries}: ${problem}; look at its log for the cause, then start again`,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
