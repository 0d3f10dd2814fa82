import { type Spread, spreadOf } from './statistics.ts';

/** The rates of one contender, one a round. */
export interface Rates {
  readonly name: string;
  readonly rps: readonly number[];
}

/**
 * Returns what each contender carried in comparison with a reference. A ratio is made of two rates of the same round,
 * minutes apart at most; the ratio of two medians could be of a quiet and a busy minute.
 */
export function ratiosTo(reference: Rates, contenders: readonly Rates[]): Record<string, Spread> {
  const entries = contenders.map(({ name, rps }) => [name, spreadOf(ratiosByRound(rps, reference.rps))] as const);
  return Object.fromEntries(entries);
}

function ratiosByRound(rates: readonly number[], references: readonly number[]): number[] {
  if (rates.length !== references.length) throw new Error('a ratio needs both rates of each round');
  return rates.map((rate, round) => rate / (references[round] ?? Number.NaN));
}
