/** How far below the recorded ratio is too far: less than that is noise, on a machine that does other things as well. */
export const FALL_MAX = 0.3;

/** What was recorded, and what was measured now. */
export interface GateInput {
  /** Times raw-http, by name, as they were recorded. */
  readonly recorded: Readonly<Record<string, number>>;
  /** The same, as they were measured. */
  readonly measured: Readonly<Record<string, number>>;
  /** What should have been measured. */
  readonly wanted: readonly string[];
}

/**
 * Returns why the gate stays closed, a sentence each; none when it opens. Only Gantry's own ratios count: how fast the
 * others are is not ours to keep.
 */
export function decideGate({ recorded, measured, wanted }: GateInput): string[] {
  // A gate that compares with nothing would open to anything.
  if (Object.keys(recorded).length === 0) return ['no baseline of a machine like this one: run --record first'];
  return wanted
    .filter((name) => name.startsWith('gantry-'))
    .flatMap((name) => {
      const [before, now] = [recorded[name], measured[name]];
      if (now === undefined) return [`${name} was not measured`];
      // It is new: there is nothing that it could fall below.
      if (before === undefined || now >= before * (1 - FALL_MAX)) return [];
      return [`${name} is ${now.toFixed(2)} x raw-http, more than 30 % below the recorded ${before.toFixed(2)}`];
    });
}
