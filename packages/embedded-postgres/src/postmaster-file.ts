import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { unlessMissing } from './system-error.ts';

/** What a running Postgres says about itself in `postmaster.pid`. */
export interface PostmasterFile {
  readonly pid: number;
  /** True once it accepts connections. pg_ctl waits for the same word. */
  readonly isReady: boolean;
}

const FILE_NAME = 'postmaster.pid';
const STATUS_LINE = 7;

/** Answers the path of the file in a data directory. */
export function postmasterFilePath(clusterDirectory: string): string {
  return join(clusterDirectory, FILE_NAME);
}

/** Reads the file; answers undefined when it is missing or still empty. */
export async function readPostmasterFile(clusterDirectory: string): Promise<PostmasterFile | undefined> {
  const text = await unlessMissing(readFile(postmasterFilePath(clusterDirectory), 'utf8'));
  const lines = text?.split('\n') ?? [];
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return { pid, isReady: lines[STATUS_LINE]?.trim() === 'ready' };
}
