import type { Contender, Unavailable } from './contender.ts';
import { measure, type Measurement } from './measure.ts';

/** Then it is slow for another reason. */
const WARM_UP_RUNS_MAX = 10;

/** A contender with the measurements of its rounds, of which the first is of the first round. */
export interface Measured {
  readonly name: string;
  readonly generator: string;
  readonly measurements: readonly Measurement[];
}

/** Says how often and how long. */
export interface RoundsOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** What a cluster has to have answered before anything is measured, over all ways into it. */
  readonly warmRequests: number;
  /** Told what happens, a line at a time. */
  readonly report: (line: string) => void;
}

/** What came out: what was measured in every round, and what could not be. */
export interface RoundsOutcome {
  readonly measured: readonly Measured[];
  readonly failed: readonly Unavailable[];
}

/**
 * Measures all contenders once a round, so that whatever else the machine does meets all of them alike; the order is
 * turned by one each round, so that none always follows the same one. One that fails is out, and the others go on.
 */
export async function runRounds(contenders: readonly Contender[], options: RoundsOptions): Promise<RoundsOutcome> {
  const measurements = new Map<string, Measurement[]>();
  const failed: Unavailable[] = [];
  const attempt = async (contender: Contender, seconds: number) => {
    if (failed.some(({ name }) => name === contender.name)) return undefined;
    try {
      return await measure(contender, seconds);
    } catch (error) {
      failed.push({ name: contender.name, reason: describe(error) });
      return undefined;
    }
  };
  await warmUpAll(contenders, options, attempt);
  for (let round = 0; round < options.rounds; round += 1) {
    const turn = round % Math.max(1, contenders.length);
    for (const contender of [...contenders.slice(turn), ...contenders.slice(0, turn)]) {
      const measurement = await attempt(contender, options.seconds);
      if (measurement === undefined) continue;
      measurements.set(contender.name, [...(measurements.get(contender.name) ?? []), measurement]);
      options.report(`round ${round + 1}  ${contender.name.padEnd(28)} ${Math.round(measurement.rps)} requests/s`);
    }
  }
  const measured = contenders
    .filter(({ name }) => measurements.get(name)?.length === options.rounds)
    .map(({ name, load }) => ({ name, generator: load.generator, measurements: measurements.get(name) ?? [] }));
  return { measured, failed };
}

/**
 * Every contender gets the same time, and then a cluster that has answered too little gets more: its processes have much
 * to compile, and those of a cluster with one way into it would else be measured before they have.
 */
async function warmUpAll(
  contenders: readonly Contender[],
  { warmUpSeconds, warmRequests }: RoundsOptions,
  attempt: (contender: Contender, seconds: number) => Promise<Measurement | undefined>,
): Promise<void> {
  const answered = new Map<Contender['processes'], number>();
  const warmUp = async (contender: Contender) => {
    const requests = (await attempt(contender, warmUpSeconds))?.requests;
    answered.set(contender.processes, (answered.get(contender.processes) ?? 0) + (requests ?? Infinity));
  };
  for (const contender of contenders) await warmUp(contender);
  for (const contender of contenders) {
    const isCluster = contender.processes.length > 1;
    const isCold = () => (answered.get(contender.processes) ?? 0) < warmRequests;
    for (let run = 0; isCluster && run < WARM_UP_RUNS_MAX && isCold(); run += 1) await warmUp(contender);
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
