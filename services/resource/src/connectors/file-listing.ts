import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import type { Clock, Logger } from '@gantry/telemetry';

import type { Listing, ResourceFacts } from '../domain/ports.ts';
import { type FileRoots, pathBelow } from './file-roots.ts';
import { mediaTypeOfName } from './media-type.ts';
import { statFile } from './open-file.ts';
import { WALK_DEPTH_MAX, WALK_ENTRIES_MAX, walkFolder } from './walk-folder.ts';

/** What a listing needs. */
export interface FileListingOptions {
  readonly roots: FileRoots;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** How long a walk serves further pages, so that paging through a big tree does not walk it once a page. */
const WALK_FRESH_MS = 2_000;

/** Creates the listing of all files below the roots. */
export function createFileListing({ roots, logger, clock }: FileListingOptions): Listing {
  let walked: { readonly atMs: number; readonly uris: readonly string[] } | undefined;

  async function walk(signal: AbortSignal): Promise<readonly string[]> {
    const uris = new Set<string>();
    let entriesLeft = WALK_ENTRIES_MAX;
    for (const folder of roots.folders) {
      const { paths, isCut } = await walkFolder(folder, { entriesMax: entriesLeft, depthMax: WALK_DEPTH_MAX }, signal);
      if (isCut)
        logger.warn({ root: folder, entriesMax: WALK_ENTRIES_MAX }, 'a root is too large to be listed in full');
      entriesLeft = Math.max(0, entriesLeft - paths.length);
      for (const path of paths) uris.add(pathToFileURL(path).href);
    }
    return [...uris];
  }

  return {
    async uris(signal) {
      const nowMs = clock.now();
      if (walked !== undefined && nowMs >= walked.atMs && nowMs - walked.atMs < WALK_FRESH_MS) return walked.uris;
      const uris = await walk(signal);
      walked = { atMs: nowMs, uris };
      return uris;
    },
    describe: (uri) => describeFile(roots, uri),
  };
}

/** Locates the file as a read would, so that a listing names nothing a read would refuse. Links are listed as themselves. */
async function describeFile(roots: FileRoots, uri: string): Promise<ResourceFacts | undefined> {
  const path = fileURLToPath(uri);
  const located = await roots.locate(path);
  if (located === undefined) return undefined;
  // Not opened, as a read would: a page of a thousand open files is a lot to ask for.
  const stats = await statFile(located.realPath);
  if (stats === undefined) return undefined;
  return {
    uri,
    canonicalUri: pathToFileURL(located.canonicalPath).href,
    name: basename(path),
    title: titleOf(roots, path),
    description: '',
    mimeType: mediaTypeOfName(path),
    sizeBytes: Number(stats.size),
    updatedAtMs: Number(stats.mtimeMs),
  };
}

/** The path below its root, with the root's own name: what tells apart two files of one name. */
function titleOf({ folders }: FileRoots, path: string): string {
  for (const folder of folders) {
    const below = pathBelow(folder, path);
    if (below !== undefined) return join(basename(folder), below);
  }
  return basename(path);
}
