import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { root } from './repository.ts';
import type { Step } from './step.ts';

/** What must stay true of the text of this repository. Cheap first. */
export const lintSteps: readonly Step[] = [
  { command: 'buf', args: ['lint'] },
  { command: 'buf', args: ['format', '--diff', '--exit-code'] },
  { command: 'oxfmt', args: ['--check'] },
  { command: 'oxlint', args: ['--type-aware'] },
  { command: 'turbo', args: ['boundaries'] },
  { command: 'knip', args: ['--no-config-hints'] },
];

/** Everything CI runs. The tests come last, so that the plain count of vitest is the last line. */
export const checkSteps: readonly Step[] = [
  { command: 'node', args: ['test/checks/check-generated.ts'] },
  ...lintSteps,
  { command: 'buf', args: ['breaking', '--against', '.git#branch=main'], skipReason: noProtoOnMain },
  { command: 'tsc', args: ['-b'] },
  { command: 'node', args: ['test/checks/generate-env-tables.ts', '--check'] },
  { command: 'node', args: ['test/checks/check-deploy.ts'], skipReason: () => missing('test/checks/check-deploy.ts') },
  { command: 'vitest', args: ['run'], isShown: true },
];

function noProtoOnMain(): string | undefined {
  try {
    execFileSync('git', ['rev-parse', '--verify', '--quiet', 'main:proto'], { cwd: root, stdio: 'ignore' });
    return undefined;
  } catch {
    return 'there is no branch main with a proto folder to compare with';
  }
}

function missing(path: string): string | undefined {
  return existsSync(join(root, path)) ? undefined : `${path} does not exist`;
}
