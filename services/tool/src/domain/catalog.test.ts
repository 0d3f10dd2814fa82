import { isAllowed } from '@gantry/identity';
import { testPrincipal } from '@gantry/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { sampleCall, sampleTool } from '../../test/sample-tool.ts';
import { createCatalog } from './catalog.ts';
import type { CatalogEntry } from './ports.ts';
import { succeed } from './tool.ts';

const alpha = sampleTool({ name: 'alpha', run: async () => succeed('alpha ran') });
const beta = sampleTool({ name: 'beta' });
const unknown = sampleTool({ name: 'from_a_newer_version' });
const everyone = testPrincipal();

function catalogOf(entries: readonly CatalogEntry[]) {
  return createCatalog({ loadTools: async () => entries, builtins: [alpha, beta] });
}

const both = [alpha, beta].map(({ definition }) => ({ definition, isEnabled: true }));

test('lists what the principal may execute, and finds it', async () => {
  const catalog = catalogOf(both);
  expect(await catalog.list(everyone)).toEqual([alpha.definition, beta.definition]);
  const { definition, run } = await catalog.find(everyone, 'alpha');
  expect(definition).toBe(alpha.definition);
  expect(await run({}, sampleCall())).toEqual(succeed('alpha ran'));
});

test('asks for the tools of the tenant of the principal', async () => {
  const asked: string[] = [];
  const loadTools = async (tenantId: string) => {
    asked.push(tenantId);
    return both;
  };
  const catalog = createCatalog({ loadTools, builtins: [alpha, beta] });
  await catalog.list(testPrincipal({ tenantId: 'one' }));
  await catalog.find(testPrincipal({ tenantId: 'two' }), 'alpha');
  expect(asked).toEqual(['one', 'two']);
});

test('whoever may execute all gets the same list, until the catalog is loaded anew', async () => {
  let entries: readonly CatalogEntry[] = both;
  const catalog = createCatalog({ loadTools: async () => entries, builtins: [alpha, beta] });
  const first = await catalog.list(everyone);
  expect(await catalog.list(testPrincipal({ permissions: ['tools:execute'] }))).toBe(first);
  entries = both.slice(1);
  expect(await catalog.list(everyone)).toEqual([beta.definition]);
});

test('each principal gets what it may execute, whoever asked before', async () => {
  const catalog = catalogOf(both);
  const tool = fc.constantFrom('alpha', 'beta', 'alpha/more', 'alph', 'other');
  const resource = fc.oneof(
    fc.constantFrom('*', 'tools', 'tool', 'toolsets', 'context'),
    tool.map((name) => `tools/${name}`),
  );
  const permission = fc.tuple(resource, fc.constantFrom('*', 'execute', 'read')).map((parts) => parts.join(':'));
  await fc.assert(
    fc.asyncProperty(fc.array(permission, { maxLength: 3 }), async (permissions) => {
      const principal = testPrincipal({ permissions });
      const may = [alpha, beta].filter(({ definition }) => isAllowed(principal, `tools/${definition.name}`, 'execute'));
      expect(await catalog.list(principal)).toEqual(may.map(({ definition }) => definition));
    }),
  );
});

test.each([
  ['may execute only the other', both, testPrincipal({ permissions: ['tools/alpha:execute'] })],
  ['may read but not execute', both, testPrincipal({ permissions: ['tools:read'] })],
  ['is disabled', [{ definition: beta.definition, isEnabled: false }], everyone],
  ['is not in the catalog', [], everyone],
] as const)('a tool is invisible and not found when it or the principal %s', async (_why, entries, principal) => {
  const catalog = catalogOf(entries);
  expect((await catalog.list(principal)).map(({ name }) => name)).not.toContain('beta');
  await expect(catalog.find(principal, 'beta')).rejects.toMatchObject({
    code: 'NOT_FOUND',
    reason: 'TOOL_NOT_FOUND',
    metadata: { tool: 'beta' },
  });
});

test('a row that only another version can run is invisible and not found', async () => {
  const catalog = catalogOf([{ definition: unknown.definition, isEnabled: true }]);
  expect(await catalog.list(everyone)).toEqual([]);
  await expect(catalog.find(everyone, 'from_a_newer_version')).rejects.toMatchObject({ reason: 'TOOL_NOT_FOUND' });
});

test.each(['toString', '__proto__', ''])('there is no tool named %j', async (name) => {
  await expect(catalogOf(both).find(everyone, name)).rejects.toMatchObject({ reason: 'TOOL_NOT_FOUND' });
});

test('the definition of the row stands before that of the code', async () => {
  const own = { ...alpha.definition, description: 'As the tenant wants it.' };
  const catalog = catalogOf([{ definition: own, isEnabled: true }]);
  expect((await catalog.find(everyone, 'alpha')).definition).toBe(own);
});

test('a name that is quoted back is cut, and can be put into a header', async () => {
  const error: unknown = await catalogOf(both)
    .find(everyone, `${'a'.repeat(126)}😀${'b'.repeat(10_000)}`)
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Error);
  const { message } = error instanceof Error ? error : new Error();
  expect(message.length).toBeLessThan(300);
  expect(message.isWellFormed()).toBe(true);
});
