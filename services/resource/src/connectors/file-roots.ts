import { realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';

/** A file below a root, its links resolved. */
interface LocatedFile {
  /** The path of the thing itself: no link in it when it was looked at. */
  readonly realPath: string;
  /** The same path, spelled with the root as it was configured. */
  readonly canonicalPath: string;
}

/** The folders that may be read. */
export interface FileRoots {
  /** As configured. */
  readonly folders: readonly string[];
  /** Resolves the links of a path and returns it if it lies below a root; undefined otherwise, or if it does not exist. */
  locate(path: string): Promise<LocatedFile | undefined>;
}

/** Creates the roots. They are resolved at each use: a volume may be mounted, or a link changed, while we run. */
export function createFileRoots(folders: readonly string[]): FileRoots {
  return {
    folders,
    async locate(path) {
      if (folders.length === 0) return undefined;
      const realPath = await realPathOf(path);
      if (realPath === undefined) return undefined;
      for (const folder of folders) {
        const realFolder = await realPathOf(folder);
        const below = realFolder === undefined ? undefined : pathBelow(realFolder, realPath);
        if (below !== undefined) return { realPath, canonicalPath: join(folder, below) };
      }
      return undefined;
    },
  };
}

/** Returns the path from a folder down to a file; undefined unless the file is below it. Compares on separators. */
export function pathBelow(folder: string, path: string): string | undefined {
  const below = relative(folder, path);
  const isOutside = below === '' || below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below);
  return isOutside ? undefined : below;
}

/** Undefined whatever the failure: missing, a loop of links, a name too long, no permission. The caller learns nothing. */
async function realPathOf(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch {
    return undefined;
  }
}
