import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

import { isSystemError, unlessMissing } from './system-error.ts';

interface MissingLink {
  /** The file the link points at, relative to the package, such as `native/lib/libpq.so.5.18`. */
  readonly source: string;
  /** The link itself, relative to the package. */
  readonly target: string;
}

/**
 * Makes the library symlinks that an npm tarball cannot carry, as the package's own install script would have done.
 *
 * Answers false when a link is missing and the folder cannot be written. Safe to run again, and in several processes at once.
 */
export async function hydrateSymlinks(nativeDirectory: string): Promise<boolean> {
  const packageDirectory = dirname(nativeDirectory);
  for (const link of await readLinks(nativeDirectory)) {
    const path = join(packageDirectory, link.target);
    if ((await unlessMissing(stat(path))) !== undefined) continue;
    const written = await writeLink(relative(dirname(link.target), link.source), path);
    if (!written) return false;
  }
  return true;
}

async function readLinks(nativeDirectory: string): Promise<readonly MissingLink[]> {
  const text = await unlessMissing(readFile(join(nativeDirectory, 'pg-symlinks.json'), 'utf8'));
  const links: unknown = JSON.parse(text ?? '[]');
  return Array.isArray(links) ? links.filter(isMissingLink) : [];
}

function isMissingLink(value: unknown): value is MissingLink {
  if (typeof value !== 'object' || value === null || !('source' in value) || !('target' in value)) return false;
  return typeof value.source === 'string' && typeof value.target === 'string';
}

/** Writes beside and renames over, so that a dangling link is replaced and another process never sees half of it. */
async function writeLink(pointsAt: string, path: string): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await symlink(pointsAt, temporary);
    await rename(temporary, path);
    return true;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    if (isSystemError(error, 'EACCES', 'EPERM', 'EROFS')) return false;
    throw error;
  }
}
