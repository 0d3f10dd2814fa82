import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { auditOf, GANTRY_WAYS, type GantryWay } from '../contender-names.ts';
import type { Contender } from '../contender.ts';
import { type ProfiledNode, type ProfileWindow, readCpuProfile } from '../figures/cpu-profile.ts';
import { type HotFunction, hottest } from '../figures/hot-functions.ts';
import { groupSelfTimes, readGroupRules } from '../figures/profile-groups.ts';
import { openWay } from '../gantry-contenders.ts';
import { measure } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import { type GantryCluster, type ServiceName, startGantryCluster } from '../world/gantry-cluster.ts';
import type { World } from '../world/world.ts';

/** Those that have a part in a request. */
const PROFILED: readonly ServiceName[] = ['gateway', 'tool', 'auth'];
const NS_PER_US = 1_000n;

/** Where the time of one process goes, in microseconds a request. */
export interface ServiceProfile {
  readonly service: string;
  readonly usByGroup: Readonly<Record<string, number>>;
  readonly hottest: readonly HotFunction[];
}

/** Where the time of one way into a cluster goes. */
export interface ProfileResult {
  readonly name: string;
  readonly requests: number;
  readonly rps: number;
  readonly services: readonly ServiceProfile[];
}

/** Runs a cluster under V8's sampling profiler, and sorts what it saw while the load ran. */
export async function measureProfile(options: BenchOptions, world: World): Promise<ProfileResult> {
  const wanted = options.only.length === 1 ? options.only[0] : undefined;
  const way = GANTRY_WAYS.find((one) => wanted === one || wanted === `${one}-strict`) ?? 'gantry-http-native';
  const audit = (wanted && auditOf(wanted)) ?? 'async';
  const folder = join(world.folder, 'profiles');
  await using cluster = await startGantryCluster({
    audit,
    ...world,
    nodeArgs: (service) =>
      PROFILED.includes(service) ? ['--cpu-prof', `--cpu-prof-dir=${join(folder, service)}`] : [],
  });
  const contender = await contenderOf(way, cluster, { ...options, folder: world.folder });
  await measure(contender, options.warmUpSeconds);
  const fromUs = nowUs();
  const { requests, rps } = await measure(contender, options.seconds);
  const window = { fromUs, toUs: nowUs() };
  // They write what they saw when they end.
  await cluster.stop();
  if (options.profileFolder !== undefined) await keep(folder, options.profileFolder);
  const services = await Promise.all(PROFILED.map((service) => readService(service, folder, { window, requests })));
  return { name: contender.name, requests, rps, services };
}

async function contenderOf(
  way: GantryWay,
  cluster: GantryCluster,
  options: Parameters<typeof openWay>[2],
): Promise<Contender> {
  const opened = await openWay(way, cluster, options);
  if ('reason' in opened) throw new Error(`${opened.name} is unavailable: ${opened.reason}`);
  return opened;
}

async function readService(
  service: ServiceName,
  folder: string,
  { window, requests }: { readonly window: ProfileWindow; readonly requests: number },
): Promise<ServiceProfile> {
  const [file] = await readdir(join(folder, service));
  if (file === undefined) throw new Error(`${service} left no profile`);
  const nodes = readCpuProfile(await readFile(join(folder, service, file), 'utf8'), window);
  const sums = groupSelfTimes(nodes, readGroupRules());
  const usByGroup = Object.fromEntries(Object.entries(sums).map(([group, us]) => [group, us / requests] as const));
  return { service, usByGroup, hottest: hottest(busy(nodes), requests) };
}

function busy(nodes: readonly ProfiledNode[]): readonly ProfiledNode[] {
  return nodes.filter(({ frame }) => frame.functionName !== '(idle)');
}

async function keep(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await cp(from, to, { recursive: true });
}

/** The clock of V8's profiler. */
function nowUs(): number {
  return Number(process.hrtime.bigint() / NS_PER_US);
}
