import { AppError } from '@gantry/errors';

import { resourceNotFound } from '../errors.ts';
import type { ConnectorRegistry } from './connector-registry.ts';
import { versionOf } from './content.ts';
import type { Seen, WatchedSource } from './poll.ts';
import type { Connector, ConnectorLimiter, Reader } from './ports.ts';
import { admit, CONTENT_BYTES_MAX } from './read-resource.ts';
import type { WatchHub } from './watch-hub.ts';

/** What watching needs. */
export interface WatchResourceDeps {
  readonly registry: ConnectorRegistry;
  readonly hub: WatchHub;
  readonly limiter: ConnectorLimiter;
  /** Resolves after a time; rejects when the signal aborts. */
  readonly wait: (durationMs: number, signal: AbortSignal) => Promise<void>;
}

/** What to watch, for whom. */
export interface WatchResourceInput {
  readonly uri: string;
  readonly reader: Reader;
}

/** A version of a watched resource. */
export interface WatchedVersion {
  /** Normalised. */
  readonly uri: string;
  readonly version: string;
}

/**
 * Yields the present version of a resource and then a message per change, until the signal aborts.
 *
 * @throws {AppError} as readResource does, RESOURCE_NOT_FOUND also when the resource goes, and WATCH_LIMIT_REACHED.
 */
export async function* watchResource(
  { registry, hub, limiter, wait }: WatchResourceDeps,
  { uri: givenUri, reader }: WatchResourceInput,
  signal: AbortSignal,
): AsyncGenerator<WatchedVersion, void, void> {
  const { connector, uri } = registry.resolve(givenUri);
  if (!reader.mayRead(uri)) throw resourceNotFound(uri);
  await admit(limiter, reader.tenantId, connector);
  const key = `${encodeURIComponent(reader.tenantId)} ${uri}`;
  for await (const seen of hub.watch(key, watchedSource(connector, { uri, wait }), signal)) {
    if (!reader.mayRead(seen.canonicalUri)) throw resourceNotFound(uri);
    yield { uri, version: seen.version };
  }
}

function watchedSource(
  connector: Connector,
  { uri, wait }: { readonly uri: string; readonly wait: WatchResourceDeps['wait'] },
): WatchedSource {
  let stamp: string | undefined;

  async function look(signal: AbortSignal): Promise<Seen | undefined> {
    const result = await connector.probe(uri, { stamp, bytesMax: CONTENT_BYTES_MAX }, signal);
    if (result.kind === 'unchanged') return undefined;
    if (result.kind === 'missing') throw resourceNotFound(uri);
    stamp = result.stamp;
    return { version: await versionOf(result.content.bytes), canonicalUri: result.content.canonicalUri };
  }

  return { look, wait: (signal) => wait(connector.pollMs, signal), isTransient };
}

/** What the source may get over: it is down, slow or busy. What is gone, forbidden or too large stays so. */
function isTransient(error: unknown): boolean {
  return error instanceof AppError && (error.code === 'UNAVAILABLE' || error.code === 'DEADLINE_EXCEEDED');
}
