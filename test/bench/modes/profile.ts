import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type ProfiledNode, type ProfileWindow, readCpuProfile } from '../figures/cpu-profile.ts';
import { type HotFunction, hottest } from '../figures/hot-functions.ts';
import { groupSelfTimes, readGroupRules } from '../figures/profile-groups.ts';
import { measure } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import { startProfileSubject } from '../profile-subject.ts';
import type { World } from '../world/world.ts';

const NS_PER_US = 1_000n;

/** Where the time of one process goes, in microseconds a request. */
export interface ServiceProfile {
  readonly service: string;
  readonly usByGroup: Readonly<Record<string, number>>;
  readonly hottest: readonly HotFunction[];
}

/** Where the time of one contender goes. */
export interface ProfileResult {
  readonly name: string;
  readonly requests: number;
  readonly rps: number;
  readonly services: readonly ServiceProfile[];
}

/** Runs a contender under V8's sampling profiler, and sorts what it saw while the load ran. */
export async function measureProfile(options: BenchOptions, world: World): Promise<ProfileResult> {
  const name = (options.only.length === 1 ? options.only[0] : undefined) ?? 'gantry-http-native';
  const profilesFolder = join(world.folder, 'profiles');
  const load = { ...options, folder: world.folder };
  await using subject = await startProfileSubject(name, { load, world, profilesFolder });
  const { contender, processes } = subject;
  await measure(contender, options.warmUpSeconds);
  const fromUs = nowUs();
  const { requests, rps } = await measure(contender, options.seconds);
  const window = { fromUs, toUs: nowUs() };
  await subject.stop();
  if (options.profileFolder !== undefined) await keep(profilesFolder, options.profileFolder);
  const services = await Promise.all(
    processes.map((process) => readService(process, profilesFolder, { window, requests })),
  );
  return { name: contender.name, requests, rps, services };
}

async function readService(
  service: string,
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
