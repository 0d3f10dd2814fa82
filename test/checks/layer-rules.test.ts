/** Feeds every enforcer of the layers a bad import: one that has gone blind fails here. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { root, toolEnv } from './repository.ts';
import { createTree } from './temporary-tree.ts';

function run(
  cwd: string,
  command: string,
  args: readonly string[],
): { readonly code: number | null; readonly output: string } {
  // Found through PATH otherwise, which a folder without node_modules does not make oxlint look at.
  const env = { ...toolEnv(), OXLINT_TSGOLINT_PATH: join(root, 'node_modules/.bin/tsgolint') };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  return { code: status, output: stdout + stderr };
}

function readRoot(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

const importing = (specifier: string) => `import * as imported from '${specifier}';\nexport const used = imported;\n`;

describe('oxlint', () => {
  const badImports = [
    ['services/x/src/domain/call.ts', '@grpc/grpc-js'],
    ['services/x/src/domain/call.ts', 'pg'],
    ['services/x/src/domain/call.ts', 'ioredis'],
    ['services/x/src/domain/call.ts', 'node:fs'],
    ['services/x/src/domain/call.ts', 'node:fs/promises'],
    ['services/x/src/domain/call.ts', '@gantry/telemetry'],
    ['services/x/src/domain/call.ts', '@gantry/protocol/gantry/tool/v1/tool_service'],
    ['services/x/src/domain/call.ts', '../store/pg-store.ts'],
    ['services/x/src/domain/deep/call.ts', '../../clients/auth-client.ts'],
    ['services/x/src/domain/call.ts', '../handlers/to-proto.ts'],
    ['services/x/src/domain/call.ts', '../service.ts'],
    ['services/x/src/handlers/tool-handlers.ts', '../store/pg-store.ts'],
    ['services/x/src/handlers/tool-handlers.ts', '../clients/auth-client.ts'],
    ['services/x/src/handlers/tool-handlers.ts', 'pg'],
    ['services/x/src/store/pg-store.ts', '../handlers/to-proto.ts'],
    ['services/x/src/store/pg-store.ts', '../clients/auth-client.ts'],
    ['services/x/src/clients/auth-client.ts', '../handlers/to-proto.ts'],
    ['services/x/src/clients/auth-client.ts', '../store/pg-store.ts'],
    ['services/x/src/service.ts', '@gantry/testkit'],
    ['services/x/src/domain/call.ts', '@gantry/testkit'],
    ['services/x/src/store/pg-store.ts', '@gantry/testkit'],
    ['packages/y/src/index.ts', '@gantry/testkit'],
    ['packages/y/src/index.ts', 'opossum'],
    ['services/x/src/clients/auth-client.ts', 'opossum'],
    ['services/x/test/contract/a.contract.test.ts', 'opossum'],
  ] as const;

  const goodImports = [
    ['services/x/src/domain/call.ts', '@gantry/errors'],
    ['services/x/src/domain/call.ts', '@gantry/identity'],
    ['services/x/src/domain/call.ts', 'node:assert/strict'],
    ['services/x/src/domain/call.ts', './ports.ts'],
    ['services/x/src/domain/call.ts', '../errors.ts'],
    ['services/x/src/handlers/tool-handlers.ts', '../domain/call.ts'],
    ['services/x/src/store/pg-store.ts', 'pg'],
    ['services/x/src/clients/auth-client.ts', '@gantry/rpc'],
    ['services/x/src/service.ts', './store/pg-store.ts'],
    ['services/x/src/domain/call.test.ts', '@gantry/testkit'],
    ['packages/resilience/src/breaker.ts', 'opossum'],
  ] as const;

  function lint(path: string, source: string) {
    using tree = createTree({
      '.oxlintrc.json': readRoot('.oxlintrc.json'),
      'tsconfig.base.json': readRoot('tsconfig.base.json'),
      'tsconfig.json': '{ "extends": "./tsconfig.base.json", "compilerOptions": { "types": [] } }',
      [path]: source,
    });
    return run(tree.folder, 'oxlint', ['--type-aware', '--format', 'unix']);
  }

  test.each(badImports)('%s may not import %s', (path, specifier) => {
    const { code, output } = lint(path, importing(specifier));
    expect(output).toContain('no-restricted-imports');
    expect(code).toBe(1);
  });

  test.each(goodImports)('%s may import %s', (path, specifier) => {
    const { code, output } = lint(path, importing(specifier));
    expect(output).not.toContain('no-restricted-imports');
    expect(code).toBe(0);
  });

  const badCode = [
    ['packages/y/src/index.ts', 'export default 1;\n', 'no-default-export'],
    ['packages/y/src/index.ts', 'export const home = process.env;\n', 'no-process-env'],
    ['packages/y/src/index.ts', "console.log('x');\n", 'no-console'],
    ['packages/y/src/badName.ts', 'export const x = 1;\n', 'filename-case'],
    [
      'packages/y/src/index.ts',
      'export const f = (a: number, b: number, c: number, d: number) => a + b + c + d;\n',
      'max-params',
    ],
    ['packages/y/src/index.ts', 'export const f = (x: any) => String(x);\n', 'no-explicit-any'],
    ['packages/y/src/index.ts', `${'// A line.\n'.repeat(400)}export const x = 1;\n`, 'max-lines'],
    ['packages/y/src/index.ts', `export function f() {\n${'  f();\n'.repeat(70)}}\n`, 'max-lines-per-function'],
    [
      'packages/y/src/index.ts',
      "import * as self from './index.ts';\nexport const x: unknown = self;\n",
      'no-self-import|no-cycle',
    ],
    // The rules that need types: they fall silent when the type-aware linter is not found.
    ['packages/y/src/index.ts', 'export function f() {\n  Promise.resolve(1);\n}\n', 'no-floating-promises'],
    [
      'packages/y/src/index.ts',
      "export function f(x: 'a' | 'b') {\n  switch (x) {\n    case 'a':\n      return 1;\n  }\n  return 2;\n}\n",
      'switch-exhaustiveness-check',
    ],
    ['packages/y/src/index.ts', "export function f() {\n  throw 'text';\n}\n", 'only-throw-error'],
  ] as const;

  test.each(badCode)('%s: %j is against a rule', (path, source, rule) => {
    const { code, output } = lint(path, source);
    expect(output).toMatch(new RegExp(rule));
    expect(code).toBe(1);
  });

  test('a cycle of two files is found', () => {
    using tree = createTree({
      '.oxlintrc.json': readRoot('.oxlintrc.json'),
      'packages/y/src/one.ts': "import { two } from './two.ts';\nexport const one = (): number => two();\n",
      'packages/y/src/two.ts': "import { one } from './one.ts';\nexport const two = (): number => one();\n",
    });
    expect(run(tree.folder, 'oxlint', ['--format', 'unix']).output).toContain('no-cycle');
  });
});

describe('turbo boundaries', () => {
  const tags = z.record(z.string(), z.unknown());

  function workspace(path: string, tag: string, source: string, dependencies: Readonly<Record<string, string>> = {}) {
    const name = `@gantry/${path.split('/').at(-1)}`;
    return {
      [`${path}/package.json`]: JSON.stringify({
        name,
        version: '0.0.0',
        type: 'module',
        exports: './src/index.ts',
        dependencies,
      }),
      [`${path}/turbo.json`]: JSON.stringify({ extends: ['//'], tags: [tag] }),
      [`${path}/src/index.ts`]: source,
    };
  }

  function check(files: Readonly<Record<string, string>>) {
    using tree = createTree({
      'package.json': JSON.stringify({
        name: 'mini',
        private: true,
        packageManager: 'npm@11.0.0',
        workspaces: ['packages/*', 'services/*'],
      }),
      'turbo.json': readRoot('turbo.json'),
      ...files,
    });
    return run(tree.folder, 'turbo', ['boundaries']);
  }

  const plain = 'export const x = 1;\n';

  test('the rules of this repository name all four tags', () => {
    const config = z.object({ boundaries: z.object({ tags }) }).parse(JSON.parse(readRoot('turbo.json')));
    expect(Object.keys(config.boundaries.tags).toSorted()).toEqual(['composition', 'package', 'service', 'tests']);
  });

  test('a service may import a package it declares', () => {
    const { code, output } = check({
      ...workspace('packages/a', 'package', plain),
      ...workspace('services/s', 'service', importing('@gantry/a'), { '@gantry/a': '0.0.0' }),
    });
    expect(output).toContain('no issues found');
    expect(code).toBe(0);
  });

  test.each([
    [
      'a service may not depend on another service',
      workspace('services/t', 'service', importing('@gantry/s'), { '@gantry/s': '0.0.0' }),
    ],
    [
      'a package may not depend on a service',
      workspace('packages/p', 'package', importing('@gantry/s'), { '@gantry/s': '0.0.0' }),
    ],
    ['an import must be declared', workspace('packages/p', 'package', importing('undeclared'))],
    [
      'an import may not leave its workspace',
      workspace('packages/p', 'package', importing('../../../services/s/src/index.ts')),
    ],
  ])('%s', (_, files) => {
    const { code, output } = check({ ...workspace('services/s', 'service', plain), ...files });
    expect(output).toMatch(/[1-9]\d* issues? found/);
    expect(code).toBe(1);
  });
});

describe('tsc -b', () => {
  function project(references: readonly string[]): string {
    return JSON.stringify({
      extends: '../../tsconfig.base.json',
      compilerOptions: { rootDir: '.', outDir: '.tsc', types: [] },
      include: ['src'],
      references: references.map((path) => ({ path })),
    });
  }

  function build(importer: string, references: readonly string[]) {
    using tree = createTree({
      'tsconfig.base.json': readRoot('tsconfig.base.json'),
      'package.json': '{ "type": "module" }',
      'packages/a/tsconfig.json': project([]),
      'packages/a/src/index.ts': 'export const x = 1;\n',
      'packages/b/tsconfig.json': project(references),
      'packages/b/src/index.ts': importer,
    });
    return run(tree.folder, 'tsc', ['-b', 'packages/b']);
  }

  test('a file of a project that is referenced may be imported', () => {
    expect(build(importing('../../a/src/index.ts'), ['../a'])).toEqual({ code: 0, output: '' });
  });

  test('a file of a project that is not referenced may not', () => {
    const { code, output } = build(importing('../../a/src/index.ts'), []);
    expect(output).toMatch(/TS6307|TS6059/);
    expect(code).not.toBe(0);
  });
});
