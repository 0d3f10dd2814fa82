import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { z } from 'zod';

import { root, runTool } from '../repository.ts';
import { parseYaml } from './manifests.ts';

/** The first major version of kustomize that knows all fields the manifests use the way they use them. */
const KUSTOMIZE_MAJOR_MIN = 5;
const INSTALL_HINT =
  'install kubectl 1.27 or newer: the Debian 13 package is kubernetes-client (older Debian has an older one: see https://kubernetes.io/docs/tasks/tools/)';

/** Stands for what `gantry env` prints: the overlay dev makes its Secret out of a file that is never committed. */
const DEV_ENV = [
  'GANTRY_CLUSTER_SECRET=render-only',
  'AUTH_BOOTSTRAP_API_KEY=render-only',
  'POSTGRES_PASSWORD=render-only',
].join('\n');

const clientVersion = z.looseObject({ kustomizeVersion: z.string().optional() });

/**
 * Throws when the manifests cannot be rendered on this machine.
 *
 * @throws {Error} saying which package to install.
 */
export function assertKubectl(): void {
  let output: string;
  try {
    output = runTool('kubectl', ['version', '--client', '--output=json']);
  } catch (error) {
    throw new Error(`kubectl does not run; ${INSTALL_HINT}`, { cause: error });
  }
  const { kustomizeVersion = 'before v5' } = clientVersion.parse(JSON.parse(output));
  const major = Number(/^v(\d+)/.exec(kustomizeVersion)?.[1] ?? 0);
  if (major < KUSTOMIZE_MAJOR_MIN) {
    throw new Error(`kubectl is too old, its kustomize is ${kustomizeVersion}; ${INSTALL_HINT}`);
  }
}

/**
 * Renders one overlay of deploy/k8s and returns its objects.
 *
 * @throws {Error} with what kustomize said.
 */
export function renderOverlay(name: string): unknown[] {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-render-'));
  try {
    cpSync(join(root, 'deploy/k8s'), folder, { recursive: true });
    writeFileSync(join(folder, 'overlays/dev/.env'), DEV_ENV);
    return parseYaml(runTool('kubectl', ['kustomize', join(folder, 'overlays', name)]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
