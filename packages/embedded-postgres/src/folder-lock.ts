import { createHash, randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import { isRunning, processMark } from './process-facts.ts';
import { isSystemError, unlessMissing } from './system-error.ts';

/** Keeps a second live process out of a folder until it is released. */
export interface FolderLock {
  release(): Promise<void>;
}

const LOCK_FILE = 'gantry.lock';
// Each attempt that neither gets nor refuses the lock means that another process is at work on it for a millisecond or two.
const ATTEMPTS_MAX = 50;
const ATTEMPT_INTERVAL_MS = 10;

/**
 * Takes the folder for this process. A lock left by a process that died is taken over, by exactly one process. `activity`
 * is what the holder does there, for the message: `process 7 already <activity> <folder>`.
 *
 * @throws {EmbeddedPostgresError} FOLDER_IN_USE when a live process, this one included, holds the folder.
 */
export async function lockFolder(directory: string, activity = 'runs Postgres on'): Promise<FolderLock> {
  const path = join(directory, LOCK_FILE);
  const content = `${process.pid} ${(await processMark(process.pid)) ?? ''} ${randomBytes(6).toString('hex')}\n`;
  const holder = await acquire(path, content);
  if (holder !== undefined) {
    const advice = 'stop it first, or use another data folder (GANTRY_DATA_DIR)';
    throw new EmbeddedPostgresError('FOLDER_IN_USE', `process ${holder} already ${activity} ${directory}: ${advice}`);
  }
  return { release: () => release(path, content) };
}

/** Takes a lock file; answers undefined, or the id of the live process that holds it. */
async function acquire(path: string, content: string): Promise<number | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    if (await createLock(path, content)) return undefined;
    const current = await unlessMissing(readFile(path, 'utf8'));
    if (current === undefined) continue;
    const holder = await livingHolder(current);
    if (holder !== undefined) return holder;
    if (!(await removeStaleLock(path, { stale: current, content }))) await delay(ATTEMPT_INTERVAL_MS);
  }
  throw new EmbeddedPostgresError('FOLDER_IN_USE', `${path} is held by processes that start and stop: try again`);
}

/** Links a complete file into place: it fails when a lock exists, and no reader ever sees half a lock. */
async function createLock(path: string, content: string): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(temporary, content, { flag: 'wx' });
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Removes a stale lock; answers false when another process is doing so. Whoever wants to remove it first takes a lock
 * named after its content, which is never written twice. So nobody can remove a lock that is no longer the one they read.
 */
async function removeStaleLock(path: string, texts: { stale: string; content: string }): Promise<boolean> {
  const claim = `${path}.${createHash('sha256').update(texts.stale).digest('hex').slice(0, 12)}`;
  if ((await acquire(claim, texts.content)) !== undefined) return false;
  try {
    if ((await unlessMissing(readFile(path, 'utf8'))) === texts.stale) await rm(path, { force: true });
  } finally {
    await rm(claim, { force: true });
  }
  return true;
}

/** Answers the id of the process that wrote the lock if that very process still runs, not just one with its id. */
async function livingHolder(content: string): Promise<number | undefined> {
  const [pidText = '', mark = ''] = content.trim().split(' ');
  const pid = Number(pidText);
  if (!Number.isSafeInteger(pid) || pid <= 0 || !(await isRunning(pid))) return undefined;
  const current = await processMark(pid);
  return mark === '' || current === undefined || current === mark ? pid : undefined;
}

async function release(path: string, content: string): Promise<void> {
  if ((await unlessMissing(readFile(path, 'utf8'))) === content) await rm(path, { force: true });
}
