import type { Spread } from './statistics.ts';

/** What must be reached: a contender in comparison with a reference. */
export interface Limit {
  readonly name: string;
  readonly reference: string;
  readonly atLeast: number;
}

/** What the cluster shape may cost. The reasons are in docs/performance.md. */
export const LIMITS: readonly Limit[] = [
  { name: 'gantry-http-native', reference: 'raw-http', atLeast: 0.5 },
  { name: 'gantry-http-native-strict', reference: 'raw-http', atLeast: 0.35 },
  { name: 'gantry-http-2025', reference: 'sdk-v1-session', atLeast: 4 },
  { name: 'gantry-http-2026', reference: 'sdk-v2-modern', atLeast: 6 },
  { name: 'gantry-http-native', reference: 'sdk-v1-session', atLeast: 4 },
  { name: 'gantry-http-native', reference: 'sdk-v2-modern', atLeast: 6 },
  { name: 'gantry-grpc-session', reference: 'raw-grpc', atLeast: 1.5 },
  { name: 'gantry-grpc-process', reference: 'raw-grpc', atLeast: 0.6 },
];

/** A limit, and what was measured. */
export interface LimitOutcome extends Limit {
  /** Undefined when one of the two was not measured. */
  readonly ratio: number | undefined;
  readonly isReached: boolean;
}

/** Compares the limits with ratios, by reference and by name. */
export function compareLimits(
  ratiosByReference: Readonly<Record<string, Readonly<Record<string, Spread>>>>,
  limits: readonly Limit[] = LIMITS,
): LimitOutcome[] {
  return limits.map((limit) => {
    const ratio = ratiosByReference[limit.reference]?.[limit.name]?.median;
    return { ...limit, ratio, isReached: ratio !== undefined && ratio >= limit.atLeast };
  });
}
