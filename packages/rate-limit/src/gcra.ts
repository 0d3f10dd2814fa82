import type { CellRate } from './rate-limiter.ts';

/** What a key looked like, what time it is, and how many cells are wanted. */
export interface CellState extends CellRate {
  /** The theoretical arrival time of the next cell in epoch microseconds, or undefined for a new key. */
  readonly arrivalUs: number | undefined;
  readonly nowUs: number;
  /** How many cells are to be used now. */
  readonly demand: number;
  /** How many more are wanted for later: at most half of what is left, so that the last one is for a demand. */
  readonly ahead: number;
}

/** The cells that were taken, and the key's next state. */
export interface TakenCells {
  readonly granted: number;
  /** The time until there is a cell again, 0 while there is one. */
  readonly waitUs: number;
  readonly arrivalUs: number;
}

/**
 * Takes cells by GCRA, as many as there are.
 *
 * An arrival time beyond what the limit can produce (a clock set back, a limit made stricter) counts as an empty bucket,
 * so no key is ever locked out for longer than it takes to fill.
 */
export function takeCells({ arrivalUs, nowUs, intervalUs, burst, demand, ahead }: CellState): TakenCells {
  const horizonUs = nowUs + intervalUs * burst;
  const fromUs = Math.min(Math.max(arrivalUs ?? nowUs, nowUs), horizonUs);
  const free = Math.floor((horizonUs - fromUs) / intervalUs);
  const used = Math.min(demand, free);
  const granted = used + Math.min(ahead, Math.floor((free - used) / 2));
  const nextUs = fromUs + intervalUs * granted;
  return { granted, waitUs: Math.max(0, nextUs + intervalUs - horizonUs), arrivalUs: nextUs };
}
