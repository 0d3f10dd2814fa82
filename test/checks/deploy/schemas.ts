import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Ajv, type AnySchemaObject, type ValidateFunction } from 'ajv';

/** Returns what is wrong with a document, one line each; empty when it is good. */
export type Validate = (document: unknown) => string[];

/** These files describe more keywords and formats than ajv knows; what is checked are names and types. */
const ajvOptions = { strict: false, validateFormats: false, allErrors: true, logger: false } as const;

/** What later versions of Kubernetes added to the stored definitions and the manifests use. */
const SECCOMP_PROFILE = {
  type: 'object',
  properties: { type: { enum: ['Localhost', 'RuntimeDefault', 'Unconfined'] }, localhostProfile: { type: 'string' } },
  required: ['type'],
  additionalProperties: false,
} as const;
const ADDITIONS: Readonly<Record<string, Readonly<Record<string, AnySchemaObject>>>> = {
  'io.k8s.api.core.v1.PodSecurityContext': { seccompProfile: SECCOMP_PROFILE },
  'io.k8s.api.core.v1.SecurityContext': { seccompProfile: SECCOMP_PROFILE },
};

/**
 * The stored schemas are older than these versions, whose fields are those of the version before; the newer fields
 * (`unhealthyPodEvictionPolicy` and the like) are not used here.
 */
const PREDECESSORS: Readonly<Record<string, string>> = {
  'autoscaling/v2': 'autoscaling/v2beta2',
  'policy/v1': 'policy/v1beta1',
};

/** Creates a check of Kubernetes objects that, as the API server does in strict mode, refuses fields it does not know. */
export function createKubernetesSchema(): Validate {
  const schema = readSchema('kubernetes-definitions.json');
  const definitions: Readonly<Record<string, AnySchemaObject>> = schema['definitions'];
  const nameByKind = new Map<string, string>();
  for (const [name, definition] of Object.entries(definitions)) {
    Object.assign(definition['properties'] ?? {}, ADDITIONS[name]);
    if (definition['properties'] !== undefined) definition['additionalProperties'] ??= false;
    for (const { group, version, kind } of definition['x-kubernetes-group-version-kind'] ?? []) {
      nameByKind.set(`${group === '' ? version : `${group}/${version}`} ${kind}`, name);
    }
  }
  const ajv = new Ajv(ajvOptions).addSchema({ ...schema, $id: 'kubernetes' });
  return (document) => {
    const { apiVersion, kind } = versionAndKind(document);
    const name = nameByKind.get(`${PREDECESSORS[apiVersion] ?? apiVersion} ${kind}`);
    if (name === undefined) return [`no schema for ${apiVersion} ${kind}`];
    return problemsOf(ajv.getSchema(`kubernetes#/definitions/${name}`), document);
  };
}

/** Creates a check of kustomization files. */
export function createKustomizationSchema(): Validate {
  const { $schema: _, ...schema } = readSchema('kustomization.json');
  const ajv = new Ajv(ajvOptions);
  const validate = ajv.compile(schema);
  return (document) => problemsOf(validate, document);
}

/** Creates a check of compose files. */
export function createComposeSchema(): Validate {
  const { $schema: _, ...schema } = withoutIds(
    readSchema('raw.githubusercontent.com/compose-spec/compose-spec/master/schema/compose-spec.json'),
  );
  const validate = new Ajv(ajvOptions).compile(schema);
  return (document) => problemsOf(validate, document);
}

/** Creates a check of Prometheus' own configuration. */
export function createPrometheusSchema(): Validate {
  const validate = new Ajv(ajvOptions).compile(readSchema('prometheus.json'));
  return (document) => problemsOf(validate, document);
}

function readSchema(path: string): AnySchemaObject {
  const file = new URL(`schemas/json/${path}`, import.meta.resolve('schemastore/package.json'));
  // A file of a pinned package.
  return JSON.parse(readFileSync(fileURLToPath(file), 'utf8')) as AnySchemaObject;
}

/** Drops the `id`s of draft 4 that this schema of 2019-09 carries within; it uses no keyword that draft 7 lacks. */
function withoutIds(schema: AnySchemaObject): AnySchemaObject {
  // The reviver sees every object of the file; a property that is called id has a schema, not a string.
  return JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    key === 'id' && typeof value === 'string' ? undefined : value,
  ) as AnySchemaObject;
}

function versionAndKind(document: unknown): { apiVersion: string; kind: string } {
  if (typeof document !== 'object' || document === null) return { apiVersion: '(none)', kind: '(none)' };
  return {
    apiVersion: 'apiVersion' in document ? String(document.apiVersion) : '(none)',
    kind: 'kind' in document ? String(document.kind) : '(none)',
  };
}

function problemsOf(validate: ValidateFunction | undefined, document: unknown): string[] {
  if (validate === undefined) return ['the schema is missing'];
  if (validate(document)) return [];
  return (validate.errors ?? []).map(({ instancePath, message, params }) => {
    const extra: unknown = params['additionalProperty'];
    return `${instancePath || '/'} ${message}${typeof extra === 'string' ? `: ${extra}` : ''}`;
  });
}
