import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

import { CliError } from '../cli-error.ts';
import { exitCodeOf, signalChild, spawnService } from './child.ts';
import type { Member } from './topology.ts';

/** Long enough for migrations of an empty database on a slow disk. */
const READY_MS_MAX = 60_000;
const POLL_MS = 100;
const PROBE_MS_MAX = 2_000;
/** A member that dies is started again after a second, so that a broken one does not spin. */
const RESTART_MS = 1_000;
/** sysexits EX_CONFIG: starting again would fail again. */
const EXIT_CONFIG = 78;

/** Keeps one member of a local cluster running. */
export interface Supervised {
  readonly member: Member;
  /** Resolves once the member is ready; rejects when it ends before, or takes too long. */
  readonly ready: Promise<void>;
  /** Asks the member to stop and resolves with its exit code. */
  stop(): Promise<number>;
}

/** Starts a member and starts it again whenever it dies, until it is told to stop. */
export function supervise(member: Member, env: NodeJS.ProcessEnv, report: (line: string) => void): Supervised {
  const name = `${member.service}-${member.replica}`;
  let child = spawnService(member.service, env);
  let isStopping = false;
  const watch = async (current: ChildProcess): Promise<void> => {
    const code = await exitCodeOf(current);
    if (isStopping || code === EXIT_CONFIG) return;
    report(`${name} ended (${current.signalCode ?? code}); starting it again`);
    await sleep(RESTART_MS);
    // Typescript cannot see that stop() may have run meanwhile.
    if (isStopping as boolean) return;
    child = spawnService(member.service, env);
    void watch(child);
  };
  void watch(child);
  return {
    member,
    ready: waitUntilReady(name, member, child),
    stop() {
      isStopping = true;
      signalChild(child, 'SIGTERM');
      return exitCodeOf(child);
    },
  };
}

async function waitUntilReady(name: string, { adminPort }: Member, child: ChildProcess): Promise<void> {
  const untilMs = Date.now() + READY_MS_MAX;
  while (Date.now() < untilMs) {
    if (await answersReady(`http://127.0.0.1:${adminPort}/readyz`)) return;
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new CliError(`${name} did not start`, { hint: 'the lines above say why' });
    }
    await sleep(POLL_MS);
  }
  throw new CliError(`${name} was not ready after ${READY_MS_MAX / 1_000} seconds`, {
    hint: 'are Postgres and Redis reachable? `npx gantry doctor` checks them',
  });
}

async function answersReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(PROBE_MS_MAX) })).ok;
  } catch {
    return false;
  }
}
