/** Room for a sentence. */
export const NAME_CHARACTERS_MAX = 200;

/** ListApiKeys's answer. */
export const API_KEYS_LISTED_MAX = 1_000;

/** Ten times what one list shows; a tenant with more credentials than that has lost track of them. */
export const API_KEYS_PER_TENANT_MAX = 10_000;

/** A million a second: beyond it a limit limits nothing, and unlimited is for administrators. */
export const REQUESTS_PER_MINUTE_MAX = 60_000_000;

const DAY_MS = 86_400_000;

/** The contract's limit. */
export const OVERLAP_MAX_MS = 7 * DAY_MS;

/** Longer is forever, which is said by leaving the lifetime out. */
export const LIFETIME_MAX_MS = 3_650 * DAY_MS;

/** What is known of a key; never its secret. */
export interface ApiKey {
  readonly keyId: string;
  readonly name: string;
  readonly userId: string;
  /** 0 means unlimited. */
  readonly requestsPerMinute: number;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | undefined;
  readonly revokedAtMs: number | undefined;
  /** The roles of the key's user. */
  readonly roles: readonly string[];
}

/** A key whose secret can be read this once. */
export interface IssuedApiKey {
  readonly key: ApiKey;
  readonly secret: string;
}

/** Tells whether a text can be the id of a key. */
export function isApiKeyId(text: string): boolean {
  return /^[0-9a-f]{16}$/.test(text);
}

/** Tells whether a key has stopped working. */
export function isEnded({ revokedAtMs, expiresAtMs }: ApiKey, nowMs: number): boolean {
  return revokedAtMs !== undefined || (expiresAtMs !== undefined && expiresAtMs <= nowMs);
}
