/** What an error of the gateway says besides its message, as far as hints depend on it. */
interface Refused {
  /** The HTTP status it came with. */
  readonly status: number;
  /** Its `data`. */
  readonly data: unknown;
}

/** What to do about reasons whose message leaves it open. */
const HINTS: Readonly<Record<string, string>> = {
  PERMISSION_DENIED: 'use another key, or have its user granted the permission',
  PERMISSION_ESCALATION: 'use the key of an administrator, or ask for less',
  RESOURCE_ADDRESS_FORBIDDEN: 'Gantry reads public hosts only, so that nobody reaches its own network through it',
};

/** Returns what to do about an error that the gateway answered with, or undefined when its message says all there is. */
export function hintFor({ status, data }: Refused): string | undefined {
  const { reason, uri } = fieldsOf(data);
  if (reason === 'RESOURCE_NOT_FOUND' && typeof uri === 'string' && /^file:/i.test(uri)) {
    return 'files are served only below the folders in RESOURCE_FILE_ROOTS, which names none unless it is set';
  }
  if (status === 401) {
    return 'the API key is wrong, expired or revoked; see credentials.json, or make one with `npx gantry keys create`';
  }
  if (status === 429) return 'wait, or use a key with a higher limit';
  return typeof reason === 'string' && Object.hasOwn(HINTS, reason) ? HINTS[reason] : undefined;
}

/** Returns the reason that an error of the gateway names, or '' without one. */
export function reasonOf(data: unknown): string {
  const { reason } = fieldsOf(data);
  return typeof reason === 'string' ? reason : '';
}

function fieldsOf(data: unknown): { readonly reason?: unknown; readonly uri?: unknown } {
  return typeof data === 'object' && data !== null ? data : {};
}
