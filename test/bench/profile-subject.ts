import { join } from 'node:path';

import { openBaseline, startBaseline } from './baseline-contenders.ts';
import { auditOf, BASELINES, type ContenderName, GANTRY_WAYS } from './contender-names.ts';
import type { Contender, LoadOptions, Unavailable } from './contender.ts';
import { openWay } from './gantry-contenders.ts';
import type { BenchOptions } from './options.ts';
import { type ServiceName, startGantryCluster } from './world/gantry-cluster.ts';
import type { World } from './world/world.ts';

/** The services that have a part in a request. */
const SERVICES: readonly ServiceName[] = ['gateway', 'tool', 'auth'];

/** Something that runs under V8's sampling profiler. */
export interface ProfileSubject extends AsyncDisposable {
  readonly contender: Contender;
  /** Names of its processes; each leaves its profile in a folder of its name when it ends. */
  readonly processes: readonly string[];
  /** Ends the processes: they write what they saw when they end. */
  stop(): Promise<void>;
}

/** Says what is started, and where the profiles go. */
export interface ProfileSubjectOptions {
  readonly load: BenchOptions & LoadOptions;
  readonly world: World;
  readonly profilesFolder: string;
}

/** Starts a contender with all that it needs. */
export function startProfileSubject(name: ContenderName, options: ProfileSubjectOptions): Promise<ProfileSubject> {
  const audit = auditOf(name);
  return audit === undefined ? startBaselineSubject(name, options) : startClusterSubject(name, audit, options);
}

async function startBaselineSubject(
  name: ContenderName,
  { load, profilesFolder }: ProfileSubjectOptions,
): Promise<ProfileSubject> {
  await using stack = new AsyncDisposableStack();
  // raw-grpc is measured in several ways, whose names begin with its own.
  const baseline = BASELINES.find((one) => name.startsWith(one)) ?? 'raw-http';
  const nodeArgs = profilingInto(join(profilesFolder, 'server'));
  const started = await startBaseline(baseline, { ...load, nodeArgs }, stack);
  const opened = await openBaseline(baseline, started, load);
  return keep(
    opened.find((one) => one.name === name),
    { name, stack, processes: ['server'] },
  );
}

async function startClusterSubject(
  name: ContenderName,
  audit: 'async' | 'strict',
  { load, world, profilesFolder }: ProfileSubjectOptions,
): Promise<ProfileSubject> {
  await using stack = new AsyncDisposableStack();
  const nodeArgs = (service: ServiceName) =>
    SERVICES.includes(service) ? profilingInto(join(profilesFolder, service)) : [];
  const cluster = stack.use(await startGantryCluster({ audit, ...world, nodeArgs }));
  const way = GANTRY_WAYS.find((one) => name === one || name === `${one}-strict`);
  const contender = way && (await openWay(way, cluster, load));
  return keep(contender, { name, stack, processes: SERVICES });
}

function profilingInto(folder: string): readonly string[] {
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

function keep(
  contender: Contender | Unavailable | undefined,
  is: { readonly name: string; readonly stack: AsyncDisposableStack; readonly processes: readonly string[] },
): ProfileSubject {
  if (contender === undefined || 'reason' in contender) {
    throw new Error(`${is.name} is unavailable: ${contender?.reason ?? 'it is not opened'}`);
  }
  const kept = is.stack.move();
  const stop = () => kept.disposeAsync();
  return { contender, processes: is.processes, stop, [Symbol.asyncDispose]: stop };
}
