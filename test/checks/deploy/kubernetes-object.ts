import { z } from 'zod';

const labels = z.record(z.string(), z.string());
const selector = z.looseObject({ matchLabels: labels.optional(), matchExpressions: z.array(z.unknown()).optional() });

/** What all objects have. Objects that are read with these shapes passed the schema of Kubernetes before. */
export const kubernetesObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional(), labels: labels.optional() }),
});

const probe = z.looseObject({ httpGet: z.looseObject({ host: z.string().optional() }).optional() });

const container = z.looseObject({
  name: z.string(),
  image: z.string().default(''),
  ports: z
    .array(z.looseObject({ name: z.string().optional(), containerPort: z.number(), hostPort: z.number().optional() }))
    .default([]),
  env: z
    .array(
      z.looseObject({
        name: z.string(),
        value: z.string().optional(),
        valueFrom: z
          .looseObject({ secretKeyRef: z.looseObject({ name: z.string(), key: z.string() }).optional() })
          .optional(),
      }),
    )
    .default([]),
  securityContext: z
    .looseObject({
      allowPrivilegeEscalation: z.boolean().optional(),
      capabilities: z
        .looseObject({ add: z.array(z.string()).optional(), drop: z.array(z.string()).optional() })
        .optional(),
      privileged: z.boolean().optional(),
      procMount: z.string().optional(),
      readOnlyRootFilesystem: z.boolean().optional(),
      runAsNonRoot: z.boolean().optional(),
      runAsUser: z.number().optional(),
      seccompProfile: z.looseObject({ type: z.string() }).optional(),
    })
    .default({}),
  resources: z
    .looseObject({ requests: z.looseObject({}).optional(), limits: z.looseObject({}).optional() })
    .default({}),
  startupProbe: probe.optional(),
  readinessProbe: probe.optional(),
  livenessProbe: probe.optional(),
});

const podSpec = z.looseObject({
  automountServiceAccountToken: z.boolean().optional(),
  containers: z.array(container),
  initContainers: z.array(container).default([]),
  enableServiceLinks: z.boolean().optional(),
  hostIPC: z.boolean().optional(),
  hostNetwork: z.boolean().optional(),
  hostPID: z.boolean().optional(),
  securityContext: z
    .looseObject({
      runAsNonRoot: z.boolean().optional(),
      runAsUser: z.number().optional(),
      seccompProfile: z.looseObject({ type: z.string() }).optional(),
      sysctls: z.array(z.unknown()).optional(),
    })
    .default({}),
  serviceAccountName: z.string().optional(),
  terminationGracePeriodSeconds: z.number().default(30),
  volumes: z.array(z.looseObject({ name: z.string() })).default([]),
});

/** A Deployment, a StatefulSet and whatever else makes pods out of a template. */
export const workload = kubernetesObject.extend({
  spec: z.looseObject({
    selector,
    template: z.looseObject({ metadata: z.looseObject({ labels }), spec: podSpec }),
  }),
});

export const service = kubernetesObject.extend({
  spec: z.looseObject({
    clusterIP: z.string().optional(),
    selector: labels,
    ports: z.array(z.looseObject({ port: z.number(), targetPort: z.union([z.string(), z.number()]).optional() })),
  }),
});

const peer = z.looseObject({
  podSelector: selector.optional(),
  namespaceSelector: selector.optional(),
  ipBlock: z.looseObject({ cidr: z.string() }).optional(),
});
const policyPorts = z.array(z.looseObject({ port: z.union([z.string(), z.number()]) })).default([]);

export const networkPolicy = kubernetesObject.extend({
  spec: z.looseObject({
    podSelector: selector,
    policyTypes: z.array(z.string()).default([]),
    ingress: z.array(z.looseObject({ from: z.array(peer).default([]), ports: policyPorts })).default([]),
    egress: z.array(z.looseObject({ to: z.array(peer).default([]), ports: policyPorts })).default([]),
  }),
});

/** Something that selects the pods of one workload. */
export const podDisruptionBudget = kubernetesObject.extend({ spec: z.looseObject({ selector }) });

export const horizontalPodAutoscaler = kubernetesObject.extend({
  spec: z.looseObject({ scaleTargetRef: z.looseObject({ kind: z.string(), name: z.string() }) }),
});

export type KubernetesObject = z.output<typeof kubernetesObject>;
export type Workload = z.output<typeof workload>;
export type PodSpec = z.output<typeof podSpec>;
export type Container = z.output<typeof container>;
export type NetworkPolicy = z.output<typeof networkPolicy>;

/** Names the kinds that make pods. */
const WORKLOAD_KINDS = new Set(['DaemonSet', 'Deployment', 'Job', 'ReplicaSet', 'StatefulSet']);

/** Returns the objects that make pods. */
export function workloadsOf(objects: readonly KubernetesObject[]): Workload[] {
  return objects.filter(({ kind }) => WORKLOAD_KINDS.has(kind)).map((object) => workload.parse(object));
}

/** Returns the objects of one kind, read with its shape. */
export function objectsOf<T extends z.ZodType>(
  objects: readonly KubernetesObject[],
  kind: string,
  shape: T,
): z.output<T>[] {
  return objects.filter((object) => object.kind === kind).map((object) => shape.parse(object));
}

/** Says whether `matchLabels` select something with these labels. Nothing here uses expressions. */
export function isSelected(
  { matchLabels = {} }: { readonly matchLabels?: Readonly<Record<string, string>> | undefined },
  of: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(matchLabels).every(([key, value]) => of[key] === value);
}

/** `Deployment/gateway`, for messages. */
export function nameOf({ kind, metadata }: KubernetesObject): string {
  return `${kind}/${metadata.name}`;
}
