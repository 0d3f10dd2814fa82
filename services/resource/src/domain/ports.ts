/** What a source holds at a URI. */
export interface SourceContent {
  /** The media type, with its parameters when the source gave any. */
  readonly mimeType: string;
  readonly bytes: Uint8Array;
  /**
   * The URI of the thing itself when the one asked for is an alias of it, e.g. a symbolic link. Whoever reads must be
   * allowed to read this one too.
   */
  readonly canonicalUri: string;
}

/** What is known of a resource without reading it. */
export interface ResourceFacts {
  readonly uri: string;
  /** As in SourceContent. */
  readonly canonicalUri: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Empty when it is not known. */
  readonly mimeType: string;
  /** 0 when it is not known. */
  readonly sizeBytes: number;
  readonly updatedAtMs: number | undefined;
}

/** A URI template of a connector (RFC 6570). */
export interface ResourceTemplate {
  readonly uriTemplate: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType: string;
}

/** How far a read may go. */
export interface ReadLimits {
  /** The most bytes of content; beyond it RESOURCE_TOO_LARGE. */
  readonly bytesMax: number;
}

/** What a look at a watched resource says. The stamp is passed back to the next look. */
export type ProbeResult =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'content'; readonly content: SourceContent; readonly stamp: string };

/** One way to reach data. Every URI it is given has gone through its own `normalise`. */
export interface Connector {
  readonly name: string;
  readonly description: string;
  /** The URI schemes it serves, without the colon. */
  readonly schemes: readonly string[];
  readonly templates: readonly ResourceTemplate[];
  /** Whether what it reads may be kept; a source that is as fast as the cache, and always right, says no. */
  readonly isCacheable: boolean;
  /** How often a watched resource is looked at. */
  readonly pollMs: number;

  /**
   * Returns the one spelling of a URI that permissions and caches go by.
   *
   * @throws {AppError} RESOURCE_URI_INVALID.
   */
  normalise(url: URL): string;

  /** Reads; undefined when there is nothing, or nothing that may be seen. */
  read(uri: string, limits: ReadLimits, signal: AbortSignal): Promise<SourceContent | undefined>;

  /** Looks whether a resource changed since the look that gave `stamp`; the first look has none. */
  probe(
    uri: string,
    options: ReadLimits & { readonly stamp?: string | undefined },
    signal: AbortSignal,
  ): Promise<ProbeResult>;

  /** The listing, for a source that can be listed. */
  readonly listing?: Listing;
}

/** What can be listed. */
export interface Listing {
  /** Returns the URIs of what there is, bounded, in no order. */
  uris(signal: AbortSignal): Promise<readonly string[]>;
  /** Returns the facts of one of them; undefined when it has gone. */
  describe(uri: string, signal: AbortSignal): Promise<ResourceFacts | undefined>;
}

/** Content as it is kept and answered. */
export interface StoredContent {
  readonly mimeType: string;
  readonly bytes: Uint8Array;
  readonly canonicalUri: string;
  /** SHA-256 of the bytes, in hex. */
  readonly version: string;
  /** When it was read from its source. */
  readonly fetchedAtMs: number;
}

/** Keeps content near; one load at a time for a key. */
export interface ContentCache {
  get(
    key: string,
    load: (signal: AbortSignal) => Promise<StoredContent | undefined>,
    signal: AbortSignal,
  ): Promise<{ readonly value: StoredContent | undefined; readonly isFromSource: boolean }>;
  delete(key: string): Promise<void>;
}

/** Says whether a tenant may reach a source through a connector now. */
export interface ConnectorLimiter {
  take(tenantId: string, connector: string): Admission | Promise<Admission>;
}

/** Whether a read may go on, and if not, when the next one may. */
interface Admission {
  readonly allowed: boolean;
  readonly retryAfterMs: number;
}

/** Tells the time. */
export interface Clock {
  /** Returns epoch milliseconds. */
  now(): number;
}

/** Who asks, as far as resources care. */
export interface Reader {
  readonly tenantId: string;
  /** Tells whether the caller may read this URI. */
  mayRead(uri: string): boolean;
}
