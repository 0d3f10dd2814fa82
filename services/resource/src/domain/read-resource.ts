import { connectorRateLimited, resourceNotFound } from '../errors.ts';
import type { ConnectorRegistry } from './connector-registry.ts';
import { stampContent } from './content.ts';
import type { Clock, Connector, ConnectorLimiter, ContentCache, Reader, StoredContent } from './ports.ts';

/** The most bytes of a resource. What is bigger belongs into a search, not into a message. */
export const CONTENT_BYTES_MAX = 4 * 1024 * 1024;

/** What reading needs. */
export interface ReadResourceDeps {
  readonly registry: ConnectorRegistry;
  readonly cache: ContentCache;
  readonly limiter: ConnectorLimiter;
  readonly clock: Clock;
}

/** What to read, for whom. */
export interface ReadResourceInput {
  readonly uri: string;
  readonly bypassCache: boolean;
  readonly reader: Reader;
}

/** What was read. */
export interface ReadResourceOutcome {
  /** Normalised. */
  readonly uri: string;
  readonly connector: string;
  readonly content: StoredContent;
  readonly isFromCache: boolean;
}

/**
 * Reads a resource, from the cache when its connector allows it.
 *
 * @throws {AppError} everything the contract of ReadResource names.
 */
export async function readResource(
  deps: ReadResourceDeps,
  { uri: givenUri, bypassCache, reader }: ReadResourceInput,
  signal: AbortSignal,
): Promise<ReadResourceOutcome> {
  const { connector, uri } = deps.registry.resolve(givenUri);
  if (!reader.mayRead(uri)) throw resourceNotFound(uri);
  const load = (loadSignal: AbortSignal): Promise<StoredContent | undefined> =>
    loadContent(deps, { connector, uri, tenantId: reader.tenantId }, loadSignal);
  const { value, isFromSource } = connector.isCacheable
    ? await readThrough(deps.cache, { key: cacheKey(reader.tenantId, uri), bypassCache, load }, signal)
    : { value: await load(signal), isFromSource: true };
  if (value === undefined || !reader.mayRead(value.canonicalUri)) throw resourceNotFound(uri);
  return { uri, connector: connector.name, content: value, isFromCache: !isFromSource };
}

/**
 * Takes one of the tenant's reads through a connector.
 *
 * @throws {AppError} CONNECTOR_RATE_LIMITED.
 */
export async function admit(limiter: ConnectorLimiter, tenantId: string, connector: Connector): Promise<void> {
  const { allowed, retryAfterMs } = await limiter.take(tenantId, connector.name);
  if (!allowed) throw connectorRateLimited(connector.name, retryAfterMs);
}

interface LoadInput {
  readonly connector: Connector;
  readonly uri: string;
  readonly tenantId: string;
}

async function loadContent(
  { limiter, clock }: ReadResourceDeps,
  { connector, uri, tenantId }: LoadInput,
  signal: AbortSignal,
): Promise<StoredContent | undefined> {
  await admit(limiter, tenantId, connector);
  const content = await connector.read(uri, { bytesMax: CONTENT_BYTES_MAX }, signal);
  return content === undefined ? undefined : stampContent(content, clock.now());
}

interface ReadThroughInput {
  readonly key: string;
  readonly bypassCache: boolean;
  readonly load: (signal: AbortSignal) => Promise<StoredContent | undefined>;
}

/** A read that bypasses the cache renews it for the others. */
async function readThrough(
  cache: ContentCache,
  { key, bypassCache, load }: ReadThroughInput,
  signal: AbortSignal,
): Promise<{ readonly value: StoredContent | undefined; readonly isFromSource: boolean }> {
  if (bypassCache) await cache.delete(key);
  return cache.get(key, load, signal);
}

/** The tenant comes first and cannot hold the separator, so that no tenant can spell the key of another. */
function cacheKey(tenantId: string, uri: string): string {
  return `${encodeURIComponent(tenantId)} ${uri}`;
}
