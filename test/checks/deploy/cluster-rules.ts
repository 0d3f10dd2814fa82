import {
  horizontalPodAutoscaler,
  isSelected,
  kubernetesObject,
  type KubernetesObject,
  nameOf,
  networkPolicy,
  objectsOf,
  podDisruptionBudget,
  service,
  type Workload,
  workloadsOf,
} from './kubernetes-object.ts';

/** The container that runs one of our services; overlays patch it by this name. */
export const SERVICE_CONTAINER = 'service';
/** What the runtime takes at most to close everything once it has drained. */
const DISPOSE_SECONDS = 8;

/** Returns what is wrong between the objects of one overlay: what refers to nothing, and what is missing. */
export function clusterProblems(objects: readonly KubernetesObject[]): string[] {
  const workloads = workloadsOf(objects);
  return [
    ...duplicateProblems(objects),
    ...namespaceProblems(objects),
    ...serviceProblems(objects, workloads),
    ...autoscalerProblems(objects),
    ...workloads.flatMap((workload) => [...accountProblems(objects, workload), ...shutdownProblems(workload)]),
    ...workloads
      .filter(isOurs)
      .flatMap((workload) => [...budgetProblems(objects, workload), ...storeProblems(workload)]),
  ];
}

/** Says whether a workload runs one of our services, and not a store that only development has. */
export function isOurs({ spec }: Workload): boolean {
  return spec.template.spec.containers.some(({ name }) => name === SERVICE_CONTAINER);
}

function duplicateProblems(objects: readonly KubernetesObject[]): string[] {
  const seen = Map.groupBy(objects, nameOf);
  return [...seen].filter(([, same]) => same.length > 1).map(([name]) => `${name}: is there twice`);
}

function namespaceProblems(objects: readonly KubernetesObject[]): string[] {
  const [namespace] = objectsOf(objects, 'Namespace', kubernetesObject);
  if (namespace === undefined) return ['there is no Namespace'];
  const elsewhere = objects.filter(
    ({ kind, metadata }) => kind !== 'Namespace' && metadata.namespace !== namespace.metadata.name,
  );
  const problems = elsewhere.map((object) => `${nameOf(object)}: is not in the namespace ${namespace.metadata.name}`);
  if (namespace.metadata.labels?.['pod-security.kubernetes.io/enforce'] !== 'restricted') {
    problems.push(`${nameOf(namespace)}: does not enforce the Pod Security Standard restricted`);
  }
  const isDenied = objectsOf(objects, 'NetworkPolicy', networkPolicy).some(
    ({ spec }) =>
      Object.keys(spec.podSelector).length === 0 &&
      spec.policyTypes.includes('Ingress') &&
      spec.policyTypes.includes('Egress') &&
      spec.ingress.length + spec.egress.length === 0,
  );
  if (!isDenied) problems.push('no NetworkPolicy denies everything by default');
  return problems;
}

function serviceProblems(objects: readonly KubernetesObject[], workloads: readonly Workload[]): string[] {
  return objectsOf(objects, 'Service', service).flatMap((object) => {
    const { selector, ports } = object.spec;
    const pods = workloads.filter(({ spec }) => isSelected({ matchLabels: selector }, spec.template.metadata.labels));
    if (pods.length !== 1) return [`${nameOf(object)}: selects the pods of ${pods.length} workloads, not of one`];
    const containerPorts = pods.flatMap(({ spec }) => spec.template.spec.containers.flatMap((one) => one.ports));
    return ports
      .map(({ port, targetPort = port }) => targetPort)
      .filter((target) => !containerPorts.some((port) => port.name === target || port.containerPort === target))
      .map((target) => `${nameOf(object)}: no container has a port ${target}`);
  });
}

function autoscalerProblems(objects: readonly KubernetesObject[]): string[] {
  return objectsOf(objects, 'HorizontalPodAutoscaler', horizontalPodAutoscaler).flatMap((object) => {
    const { kind, name } = object.spec.scaleTargetRef;
    const target = objects.find((other) => other.kind === kind && other.metadata.name === name);
    if (target === undefined) return [`${nameOf(object)}: scales ${kind}/${name}, which is not there`];
    const spec: unknown = target['spec'];
    const hasReplicas = typeof spec === 'object' && spec !== null && 'replicas' in spec;
    return hasReplicas ? [`${nameOf(target)}: sets replicas, which every apply would put back`] : [];
  });
}

function accountProblems(objects: readonly KubernetesObject[], workload: Workload): string[] {
  const name = workload.spec.template.spec.serviceAccountName;
  const isThere = objects.some(({ kind, metadata }) => kind === 'ServiceAccount' && metadata.name === name);
  return isThere ? [] : [`${nameOf(workload)}: its service account ${name} is not there`];
}

function budgetProblems(objects: readonly KubernetesObject[], workload: Workload): string[] {
  const budgets = objectsOf(objects, 'PodDisruptionBudget', podDisruptionBudget).filter(({ spec }) =>
    isSelected(spec.selector, workload.spec.template.metadata.labels),
  );
  return budgets.length === 1 ? [] : [`${nameOf(workload)}: has ${budgets.length} PodDisruptionBudgets and needs one`];
}

/** The policies that let pods reach the stores go by these labels. */
const LABEL_BY_VARIABLE = { DATABASE_URL: 'gantry/postgres', REDIS_URL: 'gantry/redis' } as const;

function storeProblems(workload: Workload): string[] {
  const { metadata, spec } = workload.spec.template;
  const names = new Set(spec.containers.flatMap(({ env }) => env.map(({ name }) => name)));
  return Object.entries(LABEL_BY_VARIABLE)
    .filter(([variable, label]) => names.has(variable) !== (metadata.labels[label] === 'client'))
    .map(([variable, label]) => `${nameOf(workload)}: ${variable} and the label ${label} of its pods go together`);
}

function shutdownProblems(workload: Workload): string[] {
  const pod = workload.spec.template.spec;
  return pod.containers
    .filter(({ name }) => name === SERVICE_CONTAINER)
    .flatMap(({ env }) => {
      const seconds = (name: string, byDefault: number): number =>
        Number(env.find((variable) => variable.name === name)?.value ?? byDefault);
      const needed = seconds('SHUTDOWN_DELAY_SECONDS', 0) + seconds('SHUTDOWN_GRACE_SECONDS', 10) + DISPOSE_SECONDS;
      return pod.terminationGracePeriodSeconds > needed
        ? []
        : [
            `${nameOf(workload)}: is killed after ${pod.terminationGracePeriodSeconds} s, but may need ${needed} s to stop`,
          ];
    });
}
