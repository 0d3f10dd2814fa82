import { z } from 'zod';

const service = z.looseObject({
  image: z.string().optional(),
  build: z.looseObject({ context: z.string(), dockerfile: z.string(), target: z.string() }).optional(),
  cap_add: z.array(z.string()).optional(),
  cap_drop: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.looseObject({ condition: z.string() })).default({}),
  environment: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).default({}),
  healthcheck: z.looseObject({}).optional(),
  mem_limit: z.union([z.string(), z.number()]).optional(),
  networks: z.array(z.string()).default([]),
  pids_limit: z.number().optional(),
  ports: z.array(z.string()).default([]),
  privileged: z.boolean().optional(),
  read_only: z.boolean().optional(),
  security_opt: z.array(z.string()).default([]),
  stop_grace_period: z.string().optional(),
  volumes: z.array(z.string()).default([]),
});
const composeFile = z.looseObject({
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.unknown()).default({}),
  volumes: z.record(z.string(), z.unknown()).default({}),
});

/** Is a compose file that passed its schema, and of which the file uses the forms that the rules read. */
export type ComposeFile = z.output<typeof composeFile>;
type ComposeService = z.output<typeof service>;

/** Says what a compose file is checked against. */
export interface ComposeRules {
  readonly targets: readonly string[];
}

/** What the runtime takes at most to close everything once it has drained. */
const DISPOSE_SECONDS = 8;
const SECRET_NAME = /SECRET|PASSWORD|TOKEN|API_KEY/;

/** Reads a compose file that passed its schema. */
export function parseComposeFile(document: unknown): ComposeFile {
  return composeFile.parse(document);
}

/** Returns what is wrong with a compose file, one line each. */
export function composeProblems({ services, networks, volumes }: ComposeFile, { targets }: ComposeRules): string[] {
  const problems = targets.filter((target) => !(target in services)).map((target) => `there is no service ${target}`);
  for (const [name, one] of Object.entries(services)) {
    const found = [
      ...hardeningProblems(one),
      ...secretProblems(one),
      ...shutdownProblems(one),
      ...(one.build === undefined ? imageProblems(one) : buildProblems(one.build, targets)),
      ...one.networks.filter((network) => !(network in networks)).map((network) => `has no network ${network}`),
      ...one.volumes
        .map((volume) => volume.split(':', 1)[0] ?? '')
        .filter((source) => !source.startsWith('.') && !(source in volumes))
        .map((source) => `has no volume ${source}`),
      ...dependencyProblems(one, services),
    ];
    problems.push(...found.map((problem) => `service ${name}: ${problem}`));
  }
  return problems;
}

function hardeningProblems(one: ComposeService): string[] {
  const rules: readonly (readonly [isWrong: boolean, problem: string])[] = [
    [one.privileged === true, 'is privileged'],
    [one.cap_add !== undefined, 'adds capabilities'],
    [!one.cap_drop.includes('ALL'), 'does not drop all capabilities'],
    [!one.security_opt.includes('no-new-privileges:true'), 'lacks no-new-privileges'],
    [one.read_only !== true, 'has a root file system it can write to'],
    [one.mem_limit === undefined, 'has no limit of memory'],
    [one.pids_limit === undefined, 'has no limit of processes'],
    [one.stop_grace_period === undefined, 'has no stop_grace_period'],
    [one.ports.some((port) => !port.startsWith('127.0.0.1:')), 'publishes a port on every interface'],
  ];
  return rules.filter(([isWrong]) => isWrong).map(([, problem]) => problem);
}

/** Docker kills after the grace period; by default the service may take 10 s to drain and 8 s to close. */
function shutdownProblems({ build, environment, stop_grace_period: grace = '' }: ComposeService): string[] {
  if (build === undefined) return [];
  const neededSeconds = Number(environment['SHUTDOWN_GRACE_SECONDS'] ?? 10) + DISPOSE_SECONDS;
  const [, seconds] = /^(\d+)s$/.exec(grace) ?? [];
  return Number(seconds ?? 0) > neededSeconds
    ? []
    : [`is killed after ${grace}, but may need ${neededSeconds} s to stop`];
}

/** A secret comes from outside, and compose says so when it does not. */
function secretProblems({ environment }: ComposeService): string[] {
  return Object.entries(environment)
    .filter(([name, value]) => SECRET_NAME.test(name) && !/^\$\{\w+:\?[^}]+\}$/.test(String(value)))
    .map(([name]) => `does not require ${name} from outside`);
}

function imageProblems({ image = '' }: ComposeService): string[] {
  return /:[^/:]*\d\.\d[^/:]*$/.test(image) ? [] : [`has an image without a version: ${image || '(none)'}`];
}

function buildProblems(
  { context, dockerfile, target }: NonNullable<ComposeService['build']>,
  targets: readonly string[],
): string[] {
  const isGood = context === '.' && dockerfile === 'deploy/Dockerfile' && targets.includes(target);
  return isGood ? [] : [`is not built from a target of deploy/Dockerfile: ${target}`];
}

function dependencyProblems({ depends_on: dependencies }: ComposeService, services: ComposeFile['services']): string[] {
  return Object.entries(dependencies).flatMap(([name, { condition }]) => {
    const other = services[name];
    if (other === undefined) return [`depends on ${name}, which is not there`];
    const cannotTell = condition === 'service_healthy' && other.build === undefined && other.healthcheck === undefined;
    return cannotTell ? [`waits for the health of ${name}, which has no healthcheck`] : [];
  });
}
