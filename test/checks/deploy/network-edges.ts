import { isOurs, SERVICE_CONTAINER } from './cluster-rules.ts';
import {
  isSelected,
  type KubernetesObject,
  type NetworkPolicy,
  networkPolicy,
  objectsOf,
  service,
  type Workload,
  workloadsOf,
} from './kubernetes-object.ts';

/** `dns:///auth-grpc:50055`: a Service of the same namespace. */
const TARGET = /^dns:\/\/\/([a-z-]+):(\d+)$/;

/**
 * Returns what the policies allow between our services and nobody needs, or somebody needs and they do not allow. What is
 * needed are the addresses in the environment; an edge has to be allowed where it starts and where it ends.
 */
export function edgeProblems(objects: readonly KubernetesObject[]): string[] {
  const workloads = workloadsOf(objects).filter(isOurs);
  const policies = objectsOf(objects, 'NetworkPolicy', networkPolicy);
  const needed = new Set<string>();
  const problems = policies.flatMap(openRuleProblems);
  for (const workload of workloads) {
    for (const address of addressesOf(workload)) {
      const edge = edgeTo(objects, workload, address);
      if (edge === undefined) problems.push(`Deployment/${workload.metadata.name}: no headless Service at ${address}`);
      else needed.add(edge);
    }
  }
  const leaving = allowed(workloads, policies, leavingEdges);
  const arriving = allowed(workloads, policies, arrivingEdges);
  for (const edge of needed) {
    if (!leaving.has(edge)) problems.push(`${edge}: no policy lets it leave`);
    if (!arriving.has(edge)) problems.push(`${edge}: no policy lets it arrive`);
  }
  for (const edge of new Set([...leaving, ...arriving])) {
    if (!needed.has(edge)) problems.push(`${edge}: a policy allows what nobody needs`);
  }
  return problems;
}

/** The one policy that may let anybody in: it stands before clients. */
const PUBLIC_POLICY = 'gateway';

function openRuleProblems({ metadata: { name }, spec }: NetworkPolicy): string[] {
  const problems: string[] = [];
  for (const { from, ports } of spec.ingress) {
    if (from.length === 0 && name !== PUBLIC_POLICY) problems.push(`NetworkPolicy/${name}: lets anybody in`);
    if (ports.length === 0) problems.push(`NetworkPolicy/${name}: lets in to every port`);
  }
  for (const { to, ports } of spec.egress) {
    if (to.length === 0) problems.push(`NetworkPolicy/${name}: lets out to everywhere`);
    if (ports.length === 0) problems.push(`NetworkPolicy/${name}: lets out to every port`);
  }
  return problems;
}

function addressesOf(workload: Workload): string[] {
  return workload.spec.template.spec.containers
    .filter(({ name }) => name === SERVICE_CONTAINER)
    .flatMap(({ env }) => env.filter(({ name }) => name.endsWith('_ADDRESS')).map(({ value }) => value ?? ''));
}

function edgeTo(objects: readonly KubernetesObject[], from: Workload, address: string): string | undefined {
  const [, name, port] = TARGET.exec(address) ?? [];
  const target = objectsOf(objects, 'Service', service).find(
    ({ metadata, spec }) => metadata.name === name && spec.clusterIP === 'None',
  );
  const isServed = target?.spec.ports.some((one) => String(one.port) === port);
  const to =
    target && workloadsOf(objects).find((one) => isSelected({ matchLabels: target.spec.selector }, podLabels(one)));
  return to !== undefined && isServed ? formatEdge(from, to, port) : undefined;
}

type EdgesOf = (policy: NetworkPolicy, own: Workload, workloads: readonly Workload[]) => string[];

function allowed(
  workloads: readonly Workload[],
  policies: readonly NetworkPolicy[],
  edgesOf: EdgesOf,
): ReadonlySet<string> {
  return new Set(
    workloads.flatMap((own) =>
      policies
        .filter(({ spec }) => isSelected(spec.podSelector, podLabels(own)))
        .flatMap((policy) => edgesOf(policy, own, workloads)),
    ),
  );
}

function leavingEdges({ spec }: NetworkPolicy, own: Workload, workloads: readonly Workload[]): string[] {
  return spec.egress.flatMap(({ to, ports }) =>
    selectedBy(to, workloads).flatMap((other) => ports.map(({ port }) => formatEdge(own, other, port))),
  );
}

function arrivingEdges({ spec }: NetworkPolicy, own: Workload, workloads: readonly Workload[]): string[] {
  return spec.ingress.flatMap(({ from, ports }) =>
    selectedBy(from, workloads).flatMap((other) => ports.map(({ port }) => formatEdge(other, own, port))),
  );
}

/** Returns the workloads of this namespace that peers name. A namespace selector names pods of other namespaces. */
function selectedBy(
  peers: NetworkPolicy['spec']['ingress'][number]['from'],
  workloads: readonly Workload[],
): Workload[] {
  return workloads.filter((workload) =>
    peers.some(
      ({ podSelector, namespaceSelector }) =>
        podSelector !== undefined && namespaceSelector === undefined && isSelected(podSelector, podLabels(workload)),
    ),
  );
}

function podLabels({ spec }: Workload): Readonly<Record<string, string>> {
  return spec.template.metadata.labels;
}

function formatEdge(from: Workload, to: Workload, port: string | number | undefined): string {
  return `${from.metadata.name} -> ${to.metadata.name}:${port}`;
}
