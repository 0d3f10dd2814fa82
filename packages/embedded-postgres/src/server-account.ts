import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { unlessMissing } from './system-error.ts';

/** The user that Postgres runs as when it cannot run as the user of this process. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

// Nobody: initdb refuses a uid without a passwd entry, and 65534 has one on every common Linux.
const NOBODY: ServerAccount = { uid: 65_534, gid: 65_534 };

const READ = 0o4;
const EXECUTE = 0o1;

/**
 * Chooses the user to run Postgres as: undefined for the user of this process, another one when this process is root,
 * because Postgres refuses to run as root. Data that already belongs to an ordinary user keeps its owner.
 */
export async function chooseServerAccount(clusterDirectory: string): Promise<ServerAccount | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const cluster = await unlessMissing(stat(clusterDirectory));
  if (cluster === undefined || cluster.uid === 0) return NOBODY;
  return { uid: cluster.uid, gid: cluster.gid };
}

/** Tells whether the account may read and enter a folder or read and run a file. */
export function mayReadAndExecute(stats: Stats, account: ServerAccount): boolean {
  return permits(stats, account, READ | EXECUTE);
}

/** Tells whether the account may enter this folder and every folder above it. The folder must exist. */
export async function isReachable(directory: string, account: ServerAccount): Promise<boolean> {
  for (let current = directory; ; current = dirname(current)) {
    if (!permits(await stat(current), account, EXECUTE)) return false;
    if (current === dirname(current)) return true;
  }
}

/** Applies the permission bits that count for the account: the owner's, the group's or everybody's. */
function permits(stats: Stats, account: ServerAccount, wanted: number): boolean {
  const shift = stats.uid === account.uid ? 6 : stats.gid === account.gid ? 3 : 0;
  return ((stats.mode >> shift) & wanted) === wanted;
}
