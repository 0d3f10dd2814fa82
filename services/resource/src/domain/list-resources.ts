import type { ConnectorRegistry } from './connector-registry.ts';
import { fromPageToken, parsePageSize, toPageToken } from './page-token.ts';
import type { Listing, Reader, ResourceFacts } from './ports.ts';

/** What the contract of ListResources says. */
const PAGE_SIZE_STANDARD = 100;
const PAGE_SIZE_MAX = 1_000;

/** What page to list, for whom. */
export interface ListResourcesInput {
  /** 0 for the default. */
  readonly pageSize: number;
  /** Empty for the first page. */
  readonly pageToken: string;
  /** Empty for all. */
  readonly scheme: string;
  readonly reader: Reader;
}

/** A page. */
export interface ResourcePage {
  readonly resources: readonly ResourceFacts[];
  /** Empty at the end. */
  readonly nextPageToken: string;
}

/**
 * Lists a page of what the reader may read, in order of URI. A resource that goes while it is listed is left out, so a
 * page that is not the last may be short.
 *
 * @throws {AppError} PAGE_SIZE_INVALID, PAGE_TOKEN_INVALID, RESOURCE_SCHEME_UNKNOWN.
 */
export async function listResources(
  registry: ConnectorRegistry,
  { pageSize, pageToken, scheme, reader }: ListResourcesInput,
  signal: AbortSignal,
): Promise<ResourcePage> {
  const size = parsePageSize(pageSize, { standard: PAGE_SIZE_STANDARD, max: PAGE_SIZE_MAX });
  const listed = registry.ofScheme(scheme).filter(({ listing }) => listing !== undefined);
  const after = fromPageToken(
    pageToken,
    listed.flatMap(({ schemes }) => schemes),
  );
  const listings = listed.flatMap(({ listing }) => (listing === undefined ? [] : [listing]));
  const found = await Promise.all(listings.map((listing) => readableUris(listing, { after, reader }, signal)));
  const rest = found.flat().toSorted((a, b) => (a.uri < b.uri ? -1 : 1));
  const page = rest.slice(0, size);
  const described = await Promise.all(page.map(({ uri, listing }) => listing.describe(uri, signal)));
  const lastUri = rest.length > size ? page.at(-1)?.uri : undefined;
  return {
    resources: described.flatMap((facts) => (facts !== undefined && reader.mayRead(facts.canonicalUri) ? [facts] : [])),
    nextPageToken: lastUri === undefined ? '' : toPageToken(lastUri),
  };
}

interface ListedUri {
  readonly uri: string;
  readonly listing: Listing;
}

async function readableUris(
  listing: Listing,
  { after, reader }: { readonly after: string; readonly reader: Reader },
  signal: AbortSignal,
): Promise<readonly ListedUri[]> {
  const uris = await listing.uris(signal);
  return uris.filter((uri) => uri > after && reader.mayRead(uri)).map((uri) => ({ uri, listing }));
}
