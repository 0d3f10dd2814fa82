import type { BigIntStats } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { type Clock, type Logger, systemClock } from '@gantry/telemetry';

import type { Connector, ProbeResult, ReadLimits, ResourceTemplate, SourceContent } from '../domain/ports.ts';
import { resourceTooLarge, resourceUriInvalid } from '../errors.ts';
import { createFileListing } from './file-listing.ts';
import { createFileRoots, type FileRoots } from './file-roots.ts';
import { mediaTypeOfFile } from './media-type.ts';
import { openFile } from './open-file.ts';
import { readHandle } from './read-handle.ts';

/** What the file connector needs. */
export interface FileConnectorOptions {
  /** Absolute folders; nothing outside of them is ever read. Empty: nothing is read at all. */
  readonly roots: readonly string[];
  /** How often a watched file is looked at, in milliseconds. */
  readonly pollMs: number;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** Creates the connector for `file:`. It caches nothing: the kernel does, and is never stale. */
export function createFileConnector({
  roots: folders,
  pollMs,
  logger,
  clock = systemClock,
}: FileConnectorOptions): Connector {
  const roots = createFileRoots(folders);
  return {
    name: 'file',
    description: 'Files below the configured folders.',
    schemes: ['file'],
    templates: folders.map(templateOf),
    isCacheable: false,
    pollMs,
    normalise: (url) => pathToFileURL(pathOf(url)).href,
    async read(uri, limits, signal) {
      const result = await lookAt(roots, { uri, ...limits }, signal);
      return result.kind === 'content' ? result.content : undefined;
    },
    probe: (uri, options, signal) => lookAt(roots, { uri, ...options }, signal),
    listing: createFileListing({ roots, logger, clock }),
  };
}

interface LookAtInput extends ReadLimits {
  readonly uri: string;
  readonly stamp?: string | undefined;
}

async function lookAt(
  roots: FileRoots,
  { uri, bytesMax, stamp }: LookAtInput,
  signal: AbortSignal,
): Promise<ProbeResult> {
  signal.throwIfAborted();
  const located = await roots.locate(fileURLToPath(uri));
  if (located === undefined) return { kind: 'missing' };
  await using file = await openFile(located.realPath);
  if (file === undefined) return { kind: 'missing' };
  const present = `${stampOf(file.stats)} ${located.canonicalPath}`;
  if (present === stamp) return { kind: 'unchanged' };
  if (file.stats.size > BigInt(bytesMax)) throw resourceTooLarge(bytesMax);
  const bytes = await readHandle(file.handle, { bytesMax }, signal);
  const content: SourceContent = {
    mimeType: mediaTypeOfFile(located.canonicalPath, bytes),
    bytes,
    canonicalUri: pathToFileURL(located.canonicalPath).href,
  };
  return { kind: 'content', content, stamp: present };
}

function stampOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs].join(':');
}

/** Refuses what the path of a file cannot hold, so that a URI names one path and never half of one. */
function pathOf(url: URL): string {
  if (url.host !== '')
    throw resourceUriInvalid('it names a host; a file uri has three slashes, as in file:///srv/docs/a.md');
  if (url.search !== '')
    throw resourceUriInvalid('it holds a query; percent-encode the question mark if it belongs to the name');
  const path = decodedPath(url);
  if (path.includes('\0')) throw resourceUriInvalid('it holds a NUL character');
  return path;
}

function decodedPath(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    throw resourceUriInvalid('its path holds an encoded slash or is not percent-encoded UTF-8', error);
  }
}

function templateOf(folder: string): ResourceTemplate {
  return {
    uriTemplate: `${pathToFileURL(folder).href.replace(/\/$/, '')}/{+path}`,
    name: `files-${basename(folder) || 'root'}`,
    title: `Files in ${basename(folder) || folder}`,
    description: 'A file by its path below this folder.',
    mimeType: '',
  };
}
