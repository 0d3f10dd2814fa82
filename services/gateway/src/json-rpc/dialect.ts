/**
 * How a client speaks: our own methods and codes (native), a revision of MCP that begins with `initialize` (legacy), or a
 * stateless revision of MCP, in which every request says everything itself (modern).
 */
export type Dialect = 'native' | 'legacy' | 'modern';

/** The revisions of the legacy dialect, newest first. */
export const LEGACY_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;

/** What a client is offered that asks for a revision nobody knows. */
export const LEGACY_VERSION_LATEST = LEGACY_VERSIONS[0];

/** The revisions of the modern dialect, newest first. */
export const MODERN_VERSIONS = ['2026-07-28'] as const;

/** Every revision that can be spoken, newest first. */
export const PROTOCOL_VERSIONS = [...MODERN_VERSIONS, ...LEGACY_VERSIONS] as const;

/** From this revision on MCP is stateless. */
const MODERN_VERSION_FIRST = '2026-07-28';

const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** Tells whether a version is one of the legacy dialect's. */
export function isLegacyVersion(version: string): boolean {
  return LEGACY_VERSIONS.some((known) => known === version);
}

/** Tells whether a version is one of the modern dialect's that can be spoken. */
export function isModernVersion(version: string): boolean {
  return MODERN_VERSIONS.some((known) => known === version);
}

/**
 * Returns the dialect that the headers of a request speak for. The body may say otherwise: see classify. A version that is
 * none at all counts as legacy, and is refused when the body does not explain it.
 */
export function dialectOfHeaders(protocolVersion: string | undefined, sessionId: string | undefined): Dialect {
  if (protocolVersion === undefined) return sessionId === undefined ? 'native' : 'legacy';
  return isModernEra(protocolVersion) ? 'modern' : 'legacy';
}

/** Tells whether a version is of the stateless era, known or not. */
export function isModernEra(version: string): boolean {
  return version >= MODERN_VERSION_FIRST && DATE.test(version);
}
