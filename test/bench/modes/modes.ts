import { readBaseline, recordBaseline } from '../baseline-file.ts';
import { decideGate } from '../figures/gate.ts';
import type { BenchOptions, Mode } from '../options.ts';
import { describeMachine, describeVersions } from '../report/machine.ts';
import { toProfileText } from '../report/profile-text.ts';
import { toRateText } from '../report/rate-text.ts';
import { toReplicasText } from '../report/replicas-text.ts';
import { toThroughputText } from '../report/throughput-text.ts';
import type { World } from '../world/world.ts';
import { measureIdle, toIdleText } from './idle.ts';
import { measureLists, toListsText } from './lists.ts';
import { measureProfile } from './profile.ts';
import { measureRate } from './rate.ts';
import { measureReplicas } from './replicas.ts';
import { measureSoak, toSoakText } from './soak.ts';
import { measureThroughput } from './throughput.ts';

/** What one kind of measurement leaves: a text for people, and the same for machines. */
export interface ModeOutcome {
  readonly text: string;
  readonly json: unknown;
  /** Whether the command ends with 1. */
  readonly isFailed: boolean;
}

type RunMode = (options: BenchOptions, world: World) => Promise<ModeOutcome>;

/** The kinds of measurement. */
export const modes: Readonly<Record<Mode, RunMode>> = {
  throughput,
  lists: plain(measureLists, toListsText),
  replicas: plain(measureReplicas, toReplicasText),
  profile: plain(measureProfile, toProfileText),
  rate: plain(measureRate, toRateText),
  idle: plain(measureIdle, toIdleText),
  soak: plain(measureSoak, toSoakText),
};

async function throughput(options: BenchOptions, world: World): Promise<ModeOutcome> {
  const report = await measureThroughput(options, world);
  const wanted = options.only;
  const recorded = options.isGated ? await readBaseline() : {};
  const reasons = options.isGated ? decideGate({ recorded, measured: report.ratios, wanted }) : [];
  if (options.isRecorded) await recordBaseline(report.ratios);
  const verdict = options.isGated && reasons.length === 0 ? ['gate: open'] : reasons.map((one) => `gate: ${one}`);
  return { text: [toThroughputText(report), ...verdict].join('\n'), json: report, isFailed: reasons.length > 0 };
}

/** A measurement that decides nothing. */
function plain<Result>(
  measure: (options: BenchOptions, world: World) => Promise<Result>,
  toText: (result: Result) => string,
): RunMode {
  return async (options, world) => {
    const result = await measure(options, world);
    const [machine, versions] = [describeMachine(), describeVersions()];
    return { text: toText(result), json: { machine, versions, result }, isFailed: false };
  };
}
