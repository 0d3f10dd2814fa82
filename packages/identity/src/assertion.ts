import { AppError } from '@gantry/errors';
import { type CryptoKey, decodeProtectedHeader, errors, importJWK, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';

import type { Caller, Principal } from './principal.ts';

/** How long an assertion lives, in seconds; architecture.md caps it at 60. */
export const ASSERTION_LIFETIME_SECONDS = 60;

/** The most characters of an assertion: gRPC metadata is capped at 8 KiB in all. */
export const ASSERTION_CHARACTERS_MAX = 6 * 1024;

/** Verified assertions kept; 10,000 principals active within a minute, about 10 MB. */
const VERIFIED_ENTRIES_MAX = 10_000;

/** How long the published keys are used before they are fetched again, and how soon an unknown key may cause a fetch. */
const KEYS_FRESH_MS = 60_000;
const KEYS_REFETCH_MS = 1_000;

const AUDIENCE = 'gantry-internal';
const PRINCIPAL_ISSUER = 'gantry-auth';
const SERVICE_ISSUER = 'gantry-service';
const CLOCK_TOLERANCE_SECONDS = 5;
const MS_PER_SECOND = 1_000;

/** A private key that assertions are signed with. */
export interface SigningKey {
  /** The `kid` of the assertions. */
  readonly keyId: string;
  /** An Ed25519 private key. */
  readonly privateKey: CryptoKey;
}

/** A published key that assertions are verified with. */
export interface VerificationKey {
  readonly keyId: string;
  /** The raw Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** An assertion and when it ends. */
export interface SignedAssertion {
  readonly assertion: string;
  /** Epoch milliseconds. */
  readonly expiresAtMs: number;
}

/** Signs the assertion of a principal (JWT, EdDSA). */
export async function signAssertion(principal: Principal, key: SigningKey, nowMs: number): Promise<SignedAssertion> {
  const issuedAt = Math.floor(nowMs / MS_PER_SECOND);
  const expiresAt = issuedAt + ASSERTION_LIFETIME_SECONDS;
  const assertion = await new SignJWT({
    tid: principal.tenantId,
    cid: principal.credentialId,
    rol: principal.roles,
    per: principal.permissions,
    rpm: principal.requestsPerMinute,
  })
    .setProtectedHeader({ alg: 'EdDSA', kid: key.keyId })
    .setIssuer(PRINCIPAL_ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(principal.userId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .sign(key.privateKey);
  return { assertion, expiresAtMs: expiresAt * MS_PER_SECOND };
}

/** Turns what a call carries into its caller: at once when it is known, so that a call that was seen before waits for nothing. */
export type VerifyCaller = (assertion: string) => Caller | Promise<Caller>;

/** What createCallerVerifier needs. */
export interface CallerVerifierOptions {
  /** Fetches auth's published keys. */
  readonly fetchKeys: () => Promise<readonly VerificationKey[]>;
  /** The secret the services of a cluster share; see createServiceTokens. */
  readonly clusterSecret: Uint8Array;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/**
 * Creates the check of internal assertions and service tokens. What was verified is kept, by value, until it expires;
 * keys are fetched once a minute, and at most once a second when an assertion names one that is not known.
 *
 * The returned function throws UNAUTHENTICATED (reason ASSERTION_INVALID or ASSERTION_EXPIRED), and UNAVAILABLE
 * (reason SIGNING_KEYS_UNAVAILABLE) when the keys were never fetched and cannot be.
 */
export function createCallerVerifier(options: CallerVerifierOptions): VerifyCaller {
  const verified = new LRUCache<string, { caller: Caller; expiresAtMs: number }>({ max: VERIFIED_ENTRIES_MAX });
  const keys = createKeyRing(options);
  const learn = async (assertion: string) => {
    const outcome = await verify(assertion, keys, options);
    verified.set(assertion, outcome);
    return outcome.caller;
  };
  return (assertion) => {
    const known = verified.get(assertion);
    if (known !== undefined && known.expiresAtMs > options.now()) return known.caller;
    return learn(assertion);
  };
}

async function verify(assertion: string, keys: KeyRing, { clusterSecret, now }: CallerVerifierOptions) {
  if (assertion.length > ASSERTION_CHARACTERS_MAX) throw invalid('the assertion is too long');
  const currentDate = new Date(now());
  try {
    const { alg, kid } = decodeProtectedHeader(assertion);
    if (alg === 'HS256') return await verifyServiceToken(assertion, clusterSecret, currentDate);
    const key = kid === undefined ? undefined : await keys.find(kid);
    if (key === undefined) throw invalid('the assertion is signed with a key that is not published');
    return await verifyPrincipal(assertion, key, currentDate);
  } catch (error) {
    throw toAssertionError(error);
  }
}

async function verifyPrincipal(assertion: string, key: CryptoKey, currentDate: Date) {
  const { payload } = await jwtVerify(assertion, key, {
    algorithms: ['EdDSA'],
    issuer: PRINCIPAL_ISSUER,
    audience: AUDIENCE,
    requiredClaims: ['sub', 'exp', 'tid', 'cid', 'rol', 'per', 'rpm'],
    currentDate,
  });
  // The claims are ours: the signature is auth's, and signAssertion above is the only place that writes them.
  const claims = payload as {
    sub: string;
    exp: number;
    tid: string;
    cid: string;
    rol: string[];
    per: string[];
    rpm: number;
  };
  const principal: Principal = {
    tenantId: claims.tid,
    userId: claims.sub,
    credentialId: claims.cid,
    roles: claims.rol,
    permissions: claims.per,
    requestsPerMinute: claims.rpm,
  };
  return { caller: { kind: 'principal', principal } as const, expiresAtMs: claims.exp * MS_PER_SECOND };
}

async function verifyServiceToken(token: string, secret: Uint8Array, currentDate: Date) {
  const { payload } = await jwtVerify(token, secret, {
    algorithms: ['HS256'],
    issuer: SERVICE_ISSUER,
    audience: AUDIENCE,
    requiredClaims: ['sub', 'exp', 'iat'],
    // Whatever its expiry says, a token is as short-lived as the ones we mint; clocks of hosts differ a little.
    maxTokenAge: ASSERTION_LIFETIME_SECONDS,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    currentDate,
  });
  // The claims are ours: only holders of the cluster secret can sign them.
  const claims = payload as { sub: string; exp: number; iat: number };
  const expiresAt = Math.min(claims.exp, claims.iat + ASSERTION_LIFETIME_SECONDS);
  return { caller: { kind: 'service', service: claims.sub } as const, expiresAtMs: expiresAt * MS_PER_SECOND };
}

/** Mints the tokens by which a service calls another on its own behalf. */
export type MintServiceToken = () => Promise<string>;

/**
 * Creates the minter of a service's tokens (JWT, HS256 under the cluster secret). A token is used for half of its life,
 * so that none expires on its way.
 */
export function createServiceTokens(service: string, clusterSecret: Uint8Array, now: () => number): MintServiceToken {
  let current: { token: Promise<string>; renewAtMs: number } | undefined;
  return () => {
    if (current === undefined || current.renewAtMs <= now()) {
      const issuedAt = Math.floor(now() / MS_PER_SECOND);
      const token = new SignJWT({})
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuer(SERVICE_ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(service)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + ASSERTION_LIFETIME_SECONDS)
        .sign(clusterSecret);
      current = { token, renewAtMs: now() + (ASSERTION_LIFETIME_SECONDS * MS_PER_SECOND) / 2 };
    }
    return current.token;
  };
}

interface KeyRing {
  find(keyId: string): Promise<CryptoKey | undefined>;
}

function createKeyRing({ fetchKeys, now }: CallerVerifierOptions): KeyRing {
  let keyById = new Map<string, CryptoKey>();
  let fetchedAtMs = -Infinity;
  let fetching: Promise<void> | undefined;
  let failure: { readonly cause: unknown } | undefined;

  const refresh = async () => {
    fetchedAtMs = now();
    const published = await fetchKeys();
    keyById = new Map(await Promise.all(published.map(async (key) => [key.keyId, await importPublic(key)] as const)));
  };
  const refreshOnce = () => (fetching ??= refresh().finally(() => (fetching = undefined)));

  return {
    async find(keyId) {
      const known = keyById.get(keyId);
      const ageMs = now() - fetchedAtMs;
      if (known !== undefined && ageMs < KEYS_FRESH_MS) return known;
      if (fetching === undefined && ageMs < KEYS_REFETCH_MS) {
        if (failure !== undefined && known === undefined) throw keysUnavailable(failure.cause);
        return known;
      }
      try {
        await refreshOnce();
        failure = undefined;
      } catch (error) {
        failure = { cause: error };
        // An outage of auth must not stop calls whose key is known: it was good when it was fetched.
        if (known !== undefined) return known;
        throw keysUnavailable(error);
      }
      return keyById.get(keyId);
    },
  };
}

async function importPublic({ publicKey }: VerificationKey): Promise<CryptoKey> {
  const x = Buffer.from(publicKey).toString('base64url');
  // importJWK gives a CryptoKey for every asymmetric key; only `oct` keys come as bytes.
  return (await importJWK({ kty: 'OKP', crv: 'Ed25519', x }, 'EdDSA')) as CryptoKey;
}

function toAssertionError(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) {
    return new AppError({
      code: 'UNAUTHENTICATED',
      reason: 'ASSERTION_EXPIRED',
      message: 'the internal assertion has expired',
      cause: error,
    });
  }
  if (error instanceof errors.JOSEError || error instanceof TypeError)
    return invalid('the assertion is not valid', error);
  return error;
}

function invalid(message: string, cause?: unknown): AppError {
  return new AppError({ code: 'UNAUTHENTICATED', reason: 'ASSERTION_INVALID', message, cause });
}

function keysUnavailable(cause: unknown): AppError {
  return new AppError({
    code: 'UNAVAILABLE',
    reason: 'SIGNING_KEYS_UNAVAILABLE',
    message: 'the keys that verify callers could not be fetched; try again',
    retryAfterMs: KEYS_REFETCH_MS,
    cause,
  });
}
