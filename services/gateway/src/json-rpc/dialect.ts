import { modernVersionUnsupported, versionHeaderInvalid } from '../errors.ts';

/** How a client speaks: our own methods and codes, or a revision of MCP that begins with `initialize`. */
export type Dialect = 'native' | 'legacy';

/** The revisions of the legacy dialect, newest first. */
export const LEGACY_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;

/** What a client is offered that asks for a revision nobody knows. */
export const LEGACY_VERSION_LATEST = LEGACY_VERSIONS[0];

/** From this revision on MCP is stateless and speaks a dialect of its own. */
const MODERN_VERSION_FIRST = '2026-07-28';

/** The key in `params._meta` by which a request says that it is of the modern dialect. */
export const MODERN_VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';

/** Tells whether a version is one of the legacy dialect's. */
export function isLegacyVersion(version: string): boolean {
  return LEGACY_VERSIONS.some((known) => known === version);
}

/**
 * Returns the dialect that the headers of a request ask for.
 *
 * @throws {AppError} PROTOCOL_VERSION_UNSUPPORTED for a modern revision, PROTOCOL_VERSION_INVALID for none.
 */
export function dialectOfHeaders(protocolVersion: string | undefined, sessionId: string | undefined): Dialect {
  if (protocolVersion === undefined) return sessionId === undefined ? 'native' : 'legacy';
  if (isLegacyVersion(protocolVersion)) return 'legacy';
  if (/^\d{4}-\d{2}-\d{2}$/.test(protocolVersion) && protocolVersion >= MODERN_VERSION_FIRST) {
    throw modernVersionUnsupported(protocolVersion);
  }
  throw versionHeaderInvalid(protocolVersion);
}
