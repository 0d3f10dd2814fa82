/** Fails when what is checked in is not what proto/ generates. */
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { root, runTool } from './repository.ts';

const generatedFolder = 'packages/protocol/src/gen';
const descriptorFile = 'packages/protocol/descriptors.binpb';

const folder = mkdtempSync(join(tmpdir(), 'gantry-generated-'));
try {
  runTool('buf', ['generate', '--output', folder]);
  runTool('buf', ['build', '--as-file-descriptor-set', '--output', join(folder, descriptorFile)]);
  const problems = differences(listFiles(folder), listFiles(root));
  if (problems.length > 0) {
    console.error(`${problems.join('\n')}\nrun npm run generate and commit what it writes`);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}

function listFiles(base: string): Map<string, Buffer> {
  const paths = globSync([`${generatedFolder}/**/*.ts`, descriptorFile], { cwd: base });
  return new Map(paths.map((path) => [path, readFileSync(join(base, path))]));
}

function differences(expected: ReadonlyMap<string, Buffer>, actual: ReadonlyMap<string, Buffer>): string[] {
  const problems: string[] = [];
  for (const [path, content] of expected) {
    const found = actual.get(path);
    if (found === undefined) problems.push(`missing: ${path}`);
    else if (!found.equals(content)) problems.push(`out of date: ${path}`);
  }
  for (const path of actual.keys()) if (!expected.has(path)) problems.push(`no longer generated: ${path}`);
  return problems;
}
