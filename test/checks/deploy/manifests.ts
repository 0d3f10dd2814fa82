import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

import { clusterProblems, isOurs, SERVICE_CONTAINER } from './cluster-rules.ts';
import { environmentProblems } from './env-names.ts';
import { kubernetesObject, type KubernetesObject, nameOf, type Workload, workloadsOf } from './kubernetes-object.ts';
import { edgeProblems } from './network-edges.ts';
import { podProblems } from './pod-rules.ts';
import type { Validate } from './schemas.ts';

const kustomization = z.looseObject({
  kind: z.literal('Kustomization'),
  patches: z.array(z.looseObject({ path: z.string().optional() })).default([]),
});

/** Is one document of a file. */
export interface ManifestDocument {
  readonly path: string;
  readonly document: unknown;
}

/** Holds what a tree of manifests consists of. Patches are left out: they are parts, which only rendering makes whole. */
export interface ManifestTree {
  readonly kustomizations: readonly ManifestDocument[];
  readonly objects: readonly ManifestDocument[];
}

/** Reads every document of a folder, without rendering anything. */
export function readManifestTree(folder: string): ManifestTree {
  const paths = globSync('**/*.yaml', { cwd: folder }).toSorted();
  const documents = paths.flatMap((path) =>
    parseYaml(readFileSync(join(folder, path), 'utf8')).map((document) => ({ path, document })),
  );
  const isKustomization = ({ path }: ManifestDocument): boolean => path.endsWith('kustomization.yaml');
  const kustomizations = documents.filter(isKustomization);
  const patches = new Set(
    kustomizations.flatMap(({ path, document }) =>
      kustomization.parse(document).patches.map((patch) => join(path, '..', patch.path ?? '')),
    ),
  );
  const objects = documents.filter((one) => !isKustomization(one) && !patches.has(one.path));
  return { kustomizations, objects };
}

/**
 * Parses a file of one or more YAML documents.
 *
 * @throws {Error} for what is not YAML, and for a key that is there twice.
 */
export function parseYaml(text: string): unknown[] {
  return parseAllDocuments(text, { merge: true }).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS() as unknown;
  });
}

/** Returns what is wrong with all objects of one overlay, one line each: first the schema, then the rules. */
export function manifestProblems(documents: readonly unknown[], validate: Validate): string[] {
  const invalid = documents.flatMap((document) =>
    validate(document).map((problem) => `${describeDocument(document)}: ${problem}`),
  );
  // The rules read what the schema has proven.
  if (invalid.length > 0) return invalid;
  const objects = documents.map((document) => kubernetesObject.parse(document));
  const workloads = workloadsOf(objects);
  return [
    ...workloads.flatMap(podProblems),
    ...clusterProblems(objects),
    ...edgeProblems(objects),
    ...workloads.filter(isOurs).flatMap(workloadEnvironmentProblems),
  ];
}

/** Puts objects into a namespace, as kustomize does. */
export function inNamespace(documents: readonly unknown[], namespace: string): KubernetesObject[] {
  return documents
    .map((document) => kubernetesObject.parse(document))
    .map((object) =>
      object.kind === 'Namespace' ? object : { ...object, metadata: { ...object.metadata, namespace } },
    );
}

function workloadEnvironmentProblems(workload: Workload): string[] {
  return workload.spec.template.spec.containers
    .filter(({ name }) => name === SERVICE_CONTAINER)
    .flatMap(({ env }) =>
      environmentProblems(workload.metadata.name, Object.fromEntries(env.map(({ name, value = '' }) => [name, value]))),
    );
}

function describeDocument(document: unknown): string {
  const parsed = kubernetesObject.safeParse(document);
  return parsed.success ? nameOf(parsed.data) : 'an object without kind and name';
}
