import type { Attempt, OutageGate } from '@gantry/redis';
import type { Clock } from '@gantry/telemetry';
import { LRUCache } from 'lru-cache';

import { LEASE_MS } from './lease.ts';
import { LeasedKey } from './leased-key.ts';
import type { LimitedKey, Lessor, TokenHolder } from './lessor.ts';
import type { RateLimitMetrics } from './rate-limit-metrics.ts';
import {
  assertCount,
  grantAll,
  type RateDecision,
  type RateLimit,
  type RateLimiter,
  toCellRate,
} from './rate-limiter.ts';
import type { LeaseReply, LeaseRequest, TokenStore, UnusedTokens } from './token-store.ts';

/** 56 MB when full, measured; more distinct callers per minute than one process serves. */
const KEYS_MAX = 100_000;
/** Unused tokens are given back so soon after their lease has lapsed, which makes one second in all. */
const SWEEP_MS = 1_000 - LEASE_MS;
/** Asks for nothing, so that trying a lost store takes no token of anybody. */
const PROBE: LeaseRequest = { key: 'probe', intervalUs: 1, burst: 1, demand: 0, ahead: 0 };

/** What the limiter needs. */
export interface LeasingRateLimiterOptions {
  readonly store: TokenStore;
  /** Knows whether the store is lost. */
  readonly gate: OutageGate;
  readonly fallback: RateLimiter;
  readonly metrics: Pick<RateLimitMetrics, 'refilled' | 'setLeasedKeys'>;
  /** Must not step. */
  readonly clock: Clock;
  /** Runs a task later; such a task must not keep the process alive. */
  readonly schedule: (task: () => void, delayMs: number) => void;
  /** How many keys are remembered; the least recently used gives its tokens back. Default 100,000. */
  readonly keysMax?: number;
}

/** Takes tokens from a store that replicas share, in chunks where the limit is high, and spends them here. */
export class LeasingRateLimiter implements RateLimiter, Lessor {
  readonly #options: LeasingRateLimiterOptions;
  readonly #keys: LRUCache<string, LeasedKey>;
  /** The keys with tokens in hand. No more than {@link KEYS_MAX}, and those forgotten since the last sweep. */
  readonly #holding = new Set<TokenHolder>();
  #isSweepDue = false;

  constructor(options: LeasingRateLimiterOptions) {
    this.#options = options;
    const dispose = (leased: LeasedKey) => leased.surrender();
    this.#keys = new LRUCache({ max: options.keysMax ?? KEYS_MAX, dispose });
  }

  take(key: string, limit: RateLimit, count = 1): RateDecision | Promise<RateDecision> {
    assertCount(count);
    const known = this.#keys.get(key);
    if (known !== undefined && known.limit.perMinute === limit.perMinute && known.limit.burst === limit.burst) {
      return known.take(count);
    }
    const rate = toCellRate(key, limit);
    if (rate === undefined) return grantAll(count);
    // Under another limit nothing that is known of the key holds.
    const leased = new LeasedKey(this, { key, limit, rate });
    this.#keys.set(key, leased);
    return leased.take(count);
  }

  nowUs(): number {
    return Math.ceil(this.#options.clock.now() * 1_000);
  }

  isLost(): boolean {
    const { gate, store } = this.#options;
    if (!gate.isDown) return false;
    void gate.run(() => store.lease(PROBE));
    return true;
  }

  async lease(request: LeaseRequest): Promise<Attempt<LeaseReply>> {
    const { gate, store, metrics } = this.#options;
    const attempt = await gate.run(() => store.lease(request));
    metrics.refilled(outcomeOf(attempt, request));
    return attempt;
  }

  giveBack(unused: UnusedTokens): void {
    // A store that is lost, or closed because the process ends, is no news here, and the tokens are few.
    this.#options.store.giveBack(unused).catch(() => {});
  }

  substitute({ key, limit }: LimitedKey, count: number): RateDecision | Promise<RateDecision> {
    return this.#options.fallback.take(key, limit, count);
  }

  hold(holder: TokenHolder): void {
    this.#holding.add(holder);
    this.#options.metrics.setLeasedKeys(this.#holding.size);
    this.#scheduleSweep();
  }

  #scheduleSweep(): void {
    if (this.#isSweepDue) return;
    this.#isSweepDue = true;
    this.#options.schedule(() => this.#sweep(), SWEEP_MS);
  }

  #sweep(): void {
    this.#isSweepDue = false;
    const nowUs = this.nowUs();
    for (const holder of this.#holding) {
      if (!holder.sweep(nowUs)) this.#holding.delete(holder);
    }
    this.#options.metrics.setLeasedKeys(this.#holding.size);
    if (this.#holding.size > 0) this.#scheduleSweep();
  }
}

function outcomeOf(attempt: Attempt<LeaseReply>, { demand }: LeaseRequest): 'granted' | 'short' | 'failed' {
  if (!attempt.ok) return 'failed';
  return attempt.value.granted < demand ? 'short' : 'granted';
}
