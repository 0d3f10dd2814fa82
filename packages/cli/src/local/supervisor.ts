import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

import { CliError } from '../cli-error.ts';
import { exitCodeOf, hasEnded, signalChild, spawnService } from './child.ts';
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
  /** Asks the member to stop and resolves with its exit code; 0 when it is not there. */
  stop(): Promise<number>;
  /** Asks once more: it then ends at once. */
  insist(): void;
}

/** Says how to supervise. */
export interface SuperviseOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Once aborted, a member that ends stays down. */
  readonly stopping: AbortSignal;
  /** Is told of members that died. */
  readonly report: (line: string) => void;
}

/** Starts a member and starts it again whenever it dies, until the cluster stops. */
export function supervise(member: Member, { env, stopping, report }: SuperviseOptions): Supervised {
  const name = `${member.service}-${member.replica}`;
  // In a group of its own: Ctrl-C is for the command, which stops the members in order.
  const start = () => spawnService(member.service, env, { detached: true });
  let child = start();
  const keepRunning = async (): Promise<void> => {
    for (;;) {
      const code = await exitCodeOf(child);
      if (stopping.aborted || code === EXIT_CONFIG) return;
      report(`${name} ended (${child.signalCode ?? code}); starting it again`);
      await sleep(RESTART_MS);
      // The cluster may have been stopped meanwhile.
      if (stopping.aborted) return;
      child = start();
    }
  };
  void keepRunning();
  return {
    member,
    ready: waitUntilReady(name, member, child),
    async stop() {
      if (hasEnded(child)) return 0;
      signalChild(child, 'SIGTERM');
      return exitCodeOf(child);
    },
    insist: () => signalChild(child, 'SIGTERM'),
  };
}

async function waitUntilReady(name: string, { adminPort }: Member, child: ChildProcess): Promise<void> {
  const untilMs = performance.now() + READY_MS_MAX;
  while (performance.now() < untilMs) {
    if (await answersReady(`http://127.0.0.1:${adminPort}/readyz`)) return;
    if (hasEnded(child)) throw new CliError(`${name} did not start`, { hint: 'the lines above say why' });
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
