/** Renders every overlay of deploy/k8s as a cluster would get it, and fails when anything in one is wrong. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { manifestProblems } from './deploy/manifests.ts';
import { assertKubectl, renderOverlay } from './deploy/render-overlay.ts';
import { createKubernetesSchema } from './deploy/schemas.ts';
import { root } from './repository.ts';

try {
  assertKubectl();
  const validate = createKubernetesSchema();
  for (const overlay of readdirSync(join(root, 'deploy/k8s/overlays'))) {
    const objects = renderOverlay(overlay);
    const problems = manifestProblems(objects, validate);
    for (const problem of problems) console.error(`overlay ${overlay}: ${problem}`);
    if (problems.length > 0) process.exitCode = 1;
    else console.log(`overlay ${overlay}: ${objects.length} objects are good`);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
