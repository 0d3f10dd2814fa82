import type { CellRate } from './rate-limiter.ts';

/** A lease that is used up sooner was too small: a round trip costs as much as tens of requests. */
const LASTS_US_MIN = 100_000;
/** A lease that lasts longer was too large: its tokens lie idle while another replica may need them. */
const LASTS_US_MAX = 200_000;
/** Twenty replicas, each with a lease in hand and the next one too, leave a fifth of a burst to whoever comes. */
const SHARE_OF_BURST = 1 / 50;
/** A bucket that was found empty is left alone until there is a chunk to lease again, not one token per round trip. */
const EMPTY_US_MIN = 50_000;
/** The part of the time a bucket takes to fill that it may be left alone for: no token may be lost because it is full. */
const EMPTY_SHARE_OF_FILLING = 1 / 4;

/**
 * Returns the most tokens of a limit that are leased beyond what requests wait for.
 *
 * 0 when the limit is so low (a token takes over 200 ms to come, or the burst is under 50) that it is counted exactly: each
 * request asks, and no replica ever holds a token that another one is refused for.
 */
export function aheadMax({ intervalUs, burst }: CellRate): number {
  return Math.floor(Math.min(LASTS_US_MAX / intervalUs, burst * SHARE_OF_BURST));
}

/** What is known when a lease is asked for. */
export interface Demand {
  /** The tokens leased ahead the last time. */
  readonly ahead: number;
  /** How long ago that was. */
  readonly elapsedUs: number;
  /** As {@link aheadMax} returned it. */
  readonly max: number;
}

/** Returns how many tokens to lease ahead, so that a lease lasts 100 to 200 ms: more when the last one went quickly. */
export function nextAhead({ ahead, elapsedUs, max }: Demand): number {
  if (elapsedUs < LASTS_US_MIN) return Math.min(max, ahead * 2 + 1);
  return Math.min(max, elapsedUs > LASTS_US_MAX ? ahead >> 1 : ahead);
}

/** Returns how long an empty bucket is not asked again, given the time until its next token. */
export function emptyForUs(rate: CellRate, waitUs: number): number {
  if (waitUs === 0 || aheadMax(rate) === 0) return waitUs;
  return Math.max(waitUs, Math.min(EMPTY_US_MIN, rate.intervalUs * rate.burst * EMPTY_SHARE_OF_FILLING));
}
