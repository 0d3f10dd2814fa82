import type { CellRate, RateDecision } from './rate-limiter.ts';

/** What a key looked like and what time it is. */
export interface CellState extends CellRate {
  /** The theoretical arrival time of the next cell in epoch microseconds, or undefined for a new key. */
  readonly arrivalUs: number | undefined;
  readonly nowUs: number;
}

/**
 * Decides by GCRA and returns the key's next state.
 *
 * An arrival time beyond what the limit can produce (a clock set back, a limit made stricter) counts as an empty bucket,
 * so no key is ever locked out for longer than it takes to fill.
 */
export function takeCell({
  arrivalUs,
  nowUs,
  intervalUs,
  burst,
}: CellState): RateDecision & { readonly arrivalUs: number } {
  const horizonUs = nowUs + intervalUs * burst;
  const fromUs = Math.min(Math.max(arrivalUs ?? nowUs, nowUs), horizonUs);
  const waitUs = fromUs + intervalUs - horizonUs;
  if (waitUs > 0) {
    return { allowed: false, retryAfterMs: Math.ceil(waitUs / 1_000), arrivalUs: fromUs };
  }
  return { allowed: true, retryAfterMs: 0, arrivalUs: fromUs + intervalUs };
}
