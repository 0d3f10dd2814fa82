import type { SourceContent, StoredContent } from './ports.ts';

/** What a reader gets to see: text when it is text, bytes when not. */
export type PresentedContent =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'blob'; readonly bytes: Uint8Array };

/** Media types outside of `text/` and the `+json`, `+xml`, `+yaml` suffixes that are text all the same. */
const TEXT_MEDIA_TYPES: ReadonlySet<string> = new Set([
  'application/json',
  'application/jsonl',
  'application/json5',
  'application/ld+json',
  'application/xml',
  'application/yaml',
  'application/toml',
  'application/sql',
  'application/graphql',
  'application/javascript',
  'application/ecmascript',
  'application/x-javascript',
  'application/x-ndjson',
  'application/x-sh',
  'application/x-yaml',
]);

/** Text in another charset is passed on as bytes: the reader knows better than we do what to do with it. */
const UTF8_CHARSETS: ReadonlySet<string> = new Set(['', 'utf-8', 'utf8', 'us-ascii', 'ascii']);

/** Makes text of content when its media type says text and its bytes are valid UTF-8. */
export function presentContent({
  mimeType,
  bytes,
}: {
  readonly mimeType: string;
  readonly bytes: Uint8Array;
}): PresentedContent {
  const text = isTextMediaType(mimeType) ? decodeUtf8(bytes) : undefined;
  return text === undefined ? { kind: 'blob', bytes } : { kind: 'text', text };
}

/** Tells whether a media type, with or without parameters, promises UTF-8 text. */
function isTextMediaType(mimeType: string): boolean {
  const [essence = '', ...parameters] = mimeType
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '');
  if (!UTF8_CHARSETS.has(charset ?? '')) return false;
  return essence.startsWith('text/') || /\+(json|xml|yaml)$/.test(essence) || TEXT_MEDIA_TYPES.has(essence);
}

/** Decodes UTF-8 without its byte order mark; undefined when the bytes are something else. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Names the version of content and the moment it was read. */
export async function stampContent(content: SourceContent, nowMs: number): Promise<StoredContent> {
  return { ...content, version: await versionOf(content.bytes), fetchedAtMs: nowMs };
}

/** Returns SHA-256 in hex. */
export async function versionOf(bytes: Uint8Array): Promise<string> {
  // A copy, because the digest wants memory that is surely not shared between threads.
  const digest = await crypto.subtle.digest('SHA-256', new Uint8Array(bytes));
  return Buffer.from(digest).toString('hex');
}
