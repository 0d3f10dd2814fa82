import type { Dialect } from '../json-rpc/dialect.ts';
import { SERVER_INFO } from '../server-info.ts';
import { toJsonText } from './json-bytes.ts';

/** The key in the `_meta` of results by which the server says who it is. */
const SERVER_INFO_KEY = 'io.modelcontextprotocol/serverInfo';
const SERVER_INFO_TEXT = `"${SERVER_INFO_KEY}":${JSON.stringify(SERVER_INFO)}`;

/** How long a result may be kept, and by whom. */
export interface CacheHint {
  readonly ttlMs: number;
  /** `private` is for whoever asked; `public` is the same for everybody. */
  readonly cacheScope: 'public' | 'private';
}

/** Returns how the text of a complete result begins that says how long it may be kept, up to its own members. */
export function cachedResultHead({ ttlMs, cacheScope }: CacheHint): string {
  const hint = `"ttlMs":${ttlMs},"cacheScope":"${cacheScope}"`;
  return `{"resultType":"complete",${hint},"_meta":{${SERVER_INFO_TEXT}}`;
}

/** How the text of a complete result begins that brings its own `_meta`, up to its own members. */
export const PLAIN_RESULT_HEAD = '{"resultType":"complete"';

/** Puts a head before the members of a result, both as JSON text. */
export function withHead(head: string, resultText: string): string {
  return resultText === '{}' ? `${head}}` : `${head},${resultText.slice(1)}`;
}

/** Returns the `_meta` member of a result, with the comma before it; empty when a dialect needs none and a tool gave none. */
export function metaMember(dialect: Dialect, metaJson: Uint8Array): string {
  if (dialect !== 'modern') return metaJson.length === 0 ? '' : `,"_meta":${toJsonText(metaJson, '{}')}`;
  const own = toJsonText(metaJson, '{}').trim();
  return `,"_meta":${own === '{}' ? `{${SERVER_INFO_TEXT}}` : withServerInfo(own)}`;
}

/** The client speaks with Gantry, whatever server a tool may name. */
function withServerInfo(metaText: string): string {
  if (!metaText.includes(SERVER_INFO_KEY)) return `{${SERVER_INFO_TEXT},${metaText.slice(1)}`;
  const meta: object = JSON.parse(metaText);
  return JSON.stringify({ ...meta, [SERVER_INFO_KEY]: SERVER_INFO });
}
