import { type AppError, isAppError, isOutage } from '@gantry/errors';
import type { Principal } from '@gantry/identity';
import type { AuthenticateResponse } from '@gantry/protocol/gantry/auth/v1/auth_service';
import type { CallOptions } from '@gantry/rpc';
import type { Clock } from '@gantry/telemetry';
import { LRUCache } from 'lru-cache';

import { backendBrokeContract } from '../errors.ts';
import type { AuthClient } from './backends.ts';
import type { ApiKey } from './presented-credential.ts';

/** Credentials active within half a minute; about 10 MB when full. */
export const CREDENTIALS_MAX = 10_000;

/** Guesses are answered from here; a thousand at a time shields auth from a client with one wrong key. */
export const REFUSALS_MAX = 1_000;

/** How long a principal is used before it is fetched again. */
const PRINCIPAL_FRESH_MS = 30_000;

/** How long without the policy stream: as long as auth can be asked, a revocation must be felt within a second. */
const PRINCIPAL_FRESH_BLIND_MS = 1_000;

/** How long auth may take to renew an identity that could still be used: when it hangs, nobody waits for it long. */
const RENEWAL_TIMEOUT_MS = 500;

/** How long a refusal is remembered: a key that was just created must work soon. */
const REFUSAL_FRESH_MS = 1_000;

/** An assertion is not used in its last moments: it must outlive the hops of the request. */
const ASSERTION_RESERVE_MS = 10_000;

/** A request's principal, and the assertion that tells services of it. */
export interface Identity {
  readonly principal: Principal;
  readonly assertion: string;
}

/** Turns credentials into identities. */
export interface CredentialCache {
  /**
   * Returns the identity behind an API key, at once from the cache, or from auth; concurrent misses of a key share one call. While
   * auth cannot be asked, what it said last holds until the assertion ends: at most 50 seconds, so that a lost auth does
   * not take the other services away at once.
   *
   * @throws {AppError} UNAUTHENTICATED when auth refuses the key, UNAVAILABLE when auth cannot be asked.
   */
  identify(apiKey: ApiKey, options: CallOptions): Identity | Promise<Identity>;
  /** Forgets a key, so that it is fetched anew. */
  forget(apiKey: ApiKey): void;
  evictCredential(credentialId: string): void;
  evictTenant(tenantId: string): void;
  /** Says whether the policy stream is live. When it (re)starts, everything cached before is dropped. */
  setLive(isLive: boolean): void;
  readonly size: number;
  readonly isLive: boolean;
}

interface Entry {
  /** Whether it has been replaced or evicted: what still points to it must not use it. */
  isGone: boolean;
  readonly identity: Identity;
  readonly fetchedAtMs: number;
  readonly freshUntilMs: number;
  /** Until then it is used while auth cannot be asked. */
  readonly usableUntilMs: number;
}

interface Refusal {
  readonly error: AppError;
  readonly freshUntilMs: number;
}

/** Creates the cache. Keys are kept as their SHA-256 only. */
export function createCredentialCache(auth: AuthClient, clock: Clock): CredentialCache {
  return new AuthBackedCache(auth, clock);
}

class AuthBackedCache implements CredentialCache {
  readonly #auth: AuthClient;
  readonly #clock: Clock;
  readonly #entries = new LRUCache<string, Entry>({
    max: CREDENTIALS_MAX,
    dispose: (entry) => (entry.isGone = true),
  });
  /** Where a key that a connection has shown was found: most requests show the one that the last request showed. */
  readonly #found = new WeakMap<ApiKey, Entry>();
  readonly #refusals = new LRUCache<string, Refusal>({ max: REFUSALS_MAX });
  /** Bounded by the requests the edge lets in. */
  #flights = new Map<string, Promise<Identity>>();
  /** Counts evictions: what auth said before one must not be kept after it. */
  #era = 0;
  #isLive = false;

  constructor(auth: AuthClient, clock: Clock) {
    this.#auth = auth;
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  identify(apiKey: ApiKey, options: CallOptions): Identity | Promise<Identity> {
    const nowMs = this.#clock.now();
    const entry = this.#find(apiKey);
    if (entry !== undefined && this.#isFresh(entry, nowMs)) return entry.identity;
    const { secret, hash } = apiKey;
    const refusal = this.#refusals.get(hash);
    if (refusal !== undefined && refusal.freshUntilMs > nowMs) throw refusal.error;
    return this.#flights.get(hash) ?? this.#fly(hash, secret, options);
  }

  forget({ hash }: ApiKey): void {
    this.#entries.delete(hash);
  }

  evictCredential(credentialId: string): void {
    this.#evict(({ identity }) => identity.principal.credentialId === credentialId);
  }

  evictTenant(tenantId: string): void {
    this.#evict(({ identity }) => identity.principal.tenantId === tenantId);
  }

  setLive(isLive: boolean): void {
    this.#isLive = isLive;
    if (isLive) this.#evict(() => true);
  }

  #find(apiKey: ApiKey): Entry | undefined {
    const found = this.#found.get(apiKey);
    if (found?.isGone === false) return found;
    const entry = this.#entries.get(apiKey.hash);
    if (entry !== undefined) this.#found.set(apiKey, entry);
    return entry;
  }

  #isFresh({ freshUntilMs, fetchedAtMs }: Entry, nowMs: number): boolean {
    return nowMs < freshUntilMs && (this.#isLive || nowMs < fetchedAtMs + PRINCIPAL_FRESH_BLIND_MS);
  }

  #fly(hash: string, apiKey: string, options: CallOptions): Promise<Identity> {
    const flights = this.#flights;
    const flight = this.#fetch(hash, apiKey, options).finally(() => flights.delete(hash));
    flights.set(hash, flight);
    return flight;
  }

  async #fetch(hash: string, apiKey: string, options: CallOptions): Promise<Identity> {
    const known = this.#entries.get(hash);
    if (known === undefined || known.usableUntilMs <= this.#clock.now()) return this.#ask(hash, apiKey, options);
    const renewByMs = Math.min(options.deadlineMs ?? Infinity, this.#clock.now() + RENEWAL_TIMEOUT_MS);
    try {
      return await this.#ask(hash, apiKey, { ...options, deadlineMs: renewByMs });
    } catch (error) {
      // Only what is still there: a revocation that came meanwhile has evicted it.
      if (isAppError(error) && isOutage(error.code) && this.#entries.get(hash) === known) return known.identity;
      throw error;
    }
  }

  async #ask(hash: string, apiKey: string, { deadlineMs, trace, requestId }: CallOptions): Promise<Identity> {
    const era = this.#era;
    const fetchedAtMs = this.#clock.now();
    try {
      // Others may wait for the same answer, so the first one's cancellation is not passed on.
      const credential = { $case: 'apiKey', value: apiKey } as const;
      const response = await this.#auth.authenticate({ credential }, { deadlineMs, trace, requestId });
      const identity = toIdentity(response);
      const usableUntilMs = usableUntil(response, fetchedAtMs);
      const freshUntilMs = Math.min(usableUntilMs, fetchedAtMs + PRINCIPAL_FRESH_MS);
      if (era === this.#era)
        this.#entries.set(hash, { isGone: false, identity, fetchedAtMs, freshUntilMs, usableUntilMs });
      return identity;
    } catch (error) {
      if (isAppError(error) && error.code === 'UNAUTHENTICATED') {
        this.#entries.delete(hash);
        this.#refusals.set(hash, { error, freshUntilMs: this.#clock.now() + REFUSAL_FRESH_MS });
      }
      throw error;
    }
  }

  #evict(isGone: (entry: Entry) => boolean): void {
    this.#era += 1;
    // Later requests must not join a call that may have been answered before the change.
    this.#flights = new Map();
    for (const [hash, entry] of this.#entries) {
      if (isGone(entry)) this.#entries.delete(hash);
    }
  }
}

function toIdentity({ principal, assertion }: AuthenticateResponse): Identity {
  if (principal === undefined) throw backendBrokeContract('auth', 'Authenticate answered without a principal');
  return { principal, assertion };
}

function usableUntil({ assertionExpiresAt, credentialExpiresAt }: AuthenticateResponse, nowMs: number): number {
  const assertionEndsAtMs = (assertionExpiresAt?.getTime() ?? nowMs) - ASSERTION_RESERVE_MS;
  return Math.min(assertionEndsAtMs, credentialExpiresAt?.getTime() ?? Infinity);
}
