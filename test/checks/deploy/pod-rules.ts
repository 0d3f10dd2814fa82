import { type Container, nameOf, type PodSpec, type Workload } from './kubernetes-object.ts';

/** Is what one rule wants. Returns undefined when it has it. */
type Rule<T> = (subject: T, pod: PodSpec) => string | undefined;

/** The volumes that the Pod Security Standard "restricted" allows: none reaches into the node. */
const VOLUME_TYPES = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);
const SECCOMP_TYPES = new Set(['RuntimeDefault', 'Localhost']);
/** Credentials in a URL, unless they come from a variable. */
const LITERAL_CREDENTIALS = /:\/\/[^/@]*:(?!\$\()[^/@]+@/;

/** Pod Security Standard "restricted", what concerns the pod as a whole, and the NSA's Kubernetes hardening guide. */
const podRules: readonly Rule<PodSpec>[] = [
  ({ hostNetwork, hostPID, hostIPC }) => when(hostNetwork || hostPID || hostIPC, 'shares a namespace of the node'),
  ({ securityContext }) => when(securityContext.sysctls !== undefined, 'sets sysctls'),
  ({ volumes }) => {
    const types = volumes.flatMap((volume) => Object.keys(volume).filter((key) => key !== 'name'));
    const refused = types.filter((type) => !VOLUME_TYPES.has(type));
    return when(refused.length > 0, `has a volume of type ${refused.join(', ')}`);
  },
  ({ serviceAccountName }) =>
    when((serviceAccountName ?? 'default') === 'default', 'has no service account of its own'),
  ({ automountServiceAccountToken }) =>
    when(automountServiceAccountToken !== false, 'mounts a token of the Kubernetes API'),
  ({ enableServiceLinks }) =>
    when(enableServiceLinks !== false, 'gets variables of every Service: they can look like settings of Gantry'),
];

/** The same, what concerns each container. */
const containerRules: readonly Rule<Container>[] = [
  ({ securityContext }) => when(securityContext.privileged, 'is privileged'),
  ({ securityContext }) =>
    when(securityContext.allowPrivilegeEscalation !== false, 'lacks allowPrivilegeEscalation: false'),
  ({ securityContext }) => when(!securityContext.capabilities?.drop?.includes('ALL'), 'does not drop all capabilities'),
  ({ securityContext }) => when((securityContext.capabilities?.add ?? []).length > 0, 'adds capabilities'),
  ({ securityContext }) => when((securityContext.procMount ?? 'Default') !== 'Default', 'unmasks /proc'),
  ({ securityContext }, pod) =>
    when(
      !(securityContext.runAsNonRoot ?? pod.securityContext.runAsNonRoot ?? false) ||
        (securityContext.runAsUser ?? pod.securityContext.runAsUser ?? 0) === 0,
      'may run as root: set runAsNonRoot and runAsUser',
    ),
  ({ securityContext }, pod) => {
    const profile = securityContext.seccompProfile ?? pod.securityContext.seccompProfile;
    return when(!SECCOMP_TYPES.has(profile?.type ?? ''), 'has no seccomp profile');
  },
  ({ securityContext }) =>
    when(securityContext.readOnlyRootFilesystem !== true, 'has a root file system it can write to'),
  ({ ports }) =>
    when(
      ports.some(({ hostPort }) => hostPort !== undefined),
      'takes a port of the node',
    ),
  ({ resources: { requests = {}, limits = {} } }) => {
    const missing = ['cpu', 'memory'].flatMap((name) => [
      ...(name in requests ? [] : [`requests.${name}`]),
      ...(name in limits ? [] : [`limits.${name}`]),
    ]);
    return when(missing.length > 0, `lacks resources: ${missing.join(', ')}`);
  },
  ({ image }) => when(!isPinned(image), `has an image without a version: ${image || '(none)'}`),
  ({ env }) => {
    const leaked = env.filter(({ value }) => LITERAL_CREDENTIALS.test(value ?? ''));
    return when(leaked.length > 0, `has a password in ${leaked.map(({ name }) => name).join(', ')}`);
  },
];

const probeRules: readonly Rule<Container>[] = (['startupProbe', 'readinessProbe', 'livenessProbe'] as const).flatMap(
  (name): readonly Rule<Container>[] => [
    (container) => when(container[name] === undefined, `lacks a ${name}`),
    (container) => when(container[name]?.httpGet?.host !== undefined, `lets its ${name} ask another host`),
  ],
);

/** Returns what keeps a workload from being "restricted", or from being run well. */
export function podProblems(workload: Workload): string[] {
  const pod = workload.spec.template.spec;
  const problems = podRules.map((rule) => rule(pod, pod));
  const check = (container: Container, rules: readonly Rule<Container>[]): void => {
    for (const rule of rules) {
      const problem = rule(container, pod);
      problems.push(problem && `container ${container.name} ${problem}`);
    }
  };
  for (const container of pod.containers) check(container, [...containerRules, ...probeRules]);
  for (const container of pod.initContainers) check(container, containerRules);
  return problems.filter((problem) => problem !== undefined).map((problem) => `${nameOf(workload)}: ${problem}`);
}

function when(isWrong: boolean | undefined, problem: string): string | undefined {
  return isWrong ? problem : undefined;
}

function isPinned(image: string): boolean {
  const [, tag] = /[^/]:([^/:@]+)$/.exec(image) ?? [];
  return image.includes('@sha256:') || (tag !== undefined && tag !== 'latest');
}
