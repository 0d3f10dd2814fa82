import { randomBytes } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import { unlessMissing } from './system-error.ts';

const PASSWORD_FILE = 'postgres-password';
// 192 bits: beyond guessing, over a port every local user can reach.
const PASSWORD_BYTES = 24;

/**
 * Reads the superuser's password beside the data, or makes one before the first start and stores it with mode 0600.
 *
 * @throws {EmbeddedPostgresError} DATA_MISSING when there is data but no password for it.
 */
export async function loadPassword(directory: string, isInitialised: boolean): Promise<string> {
  const path = join(directory, PASSWORD_FILE);
  const stored = (await unlessMissing(readFile(path, 'utf8')))?.trim();
  if (stored !== undefined && stored !== '') return stored;
  if (isInitialised) {
    throw new EmbeddedPostgresError(
      'DATA_MISSING',
      `${path} is gone, and the data beside it needs it: bring it back, or move the folder away to start empty`,
    );
  }
  const password = randomBytes(PASSWORD_BYTES).toString('base64url');
  await writeDurably(path, `${password}\n`);
  return password;
}

/** A password that reached initdb but not the disk would lock everybody out of the data. */
async function writeDurably(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
