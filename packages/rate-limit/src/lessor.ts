import type { Attempt } from '@gantry/redis';

import type { RateDecision, RateLimit } from './rate-limiter.ts';
import type { LeaseReply, LeaseRequest, UnusedTokens } from './token-store.ts';

/** A key and what is allowed it. */
export interface LimitedKey {
  readonly key: string;
  readonly limit: RateLimit;
}

/** Somebody who may have tokens in hand. */
export interface TokenHolder {
  /** Gives back what was leased too long ago. Returns whether tokens are still in hand. */
  sweep(nowUs: number): boolean;
}

/** What the keys of one limiter share. */
export interface Lessor {
  /** The time of a clock that never steps, in microseconds, rounded up. */
  nowUs(): number;
  /** True while the store is lost; asking also tries it again now and then. */
  isLost(): boolean;
  /** Asks the store; never rejects. */
  lease(request: LeaseRequest): Promise<Attempt<LeaseReply>>;
  /** Gives tokens back without waiting; when that fails they are lost. */
  giveBack(unused: UnusedTokens): void;
  /** Decides without the store. */
  substitute(limited: LimitedKey, count: number): RateDecision | Promise<RateDecision>;
  /** Hears that a key has tokens in hand, which must be given back when nobody uses them. */
  hold(holder: TokenHolder): void;
}
