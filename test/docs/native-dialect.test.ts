import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { root } from '../checks/repository.ts';
import { codeSpansOf, readText, rowsOf } from './markdown.ts';

const document = readText('docs/native-dialect.md');
const documented = rowsOf(document, 'method').map(([method = '', permission = '']) => ({
  method: codeSpansOf(method)[0] ?? '',
  permission,
}));

const permissionSchema = z.object({ area: z.string(), actions: z.array(z.string()), isPerThing: z.boolean() });
const tableSchema = z.map(z.string(), z.object({ permission: permissionSchema.optional() }));

/** The gateway's own table. Methods that need a service are never called here, so the services may be missing. */
async function loadTable(): Promise<unknown> {
  const module: { readonly createMethodTables: (backends: object, contextItemsMax: number) => { native: unknown } } =
    await import(join(root, 'services/gateway/src/methods/method-table.ts'));
  return module.createMethodTables({}, 50).native;
}

async function loadMethods(): Promise<z.output<typeof tableSchema>> {
  return tableSchema.parse(await loadTable());
}

/** What `protocol/capabilities` answers; it asks nobody. */
async function loadCapabilities(): Promise<unknown> {
  const handle = z.custom<() => string>((value) => typeof value === 'function');
  const methods = z.map(z.string(), z.object({ handle })).parse(await loadTable());
  const text = methods.get('protocol/capabilities')?.handle() ?? '';
  return JSON.parse(text);
}

/** The sections, by the method in their heading. */
const sections = new Map(
  document
    .split(/^### /m)
    .slice(1)
    .map((section) => [codeSpansOf(section)[0] ?? '', section] as const),
);

const request = z.object({ jsonrpc: z.literal('2.0'), method: z.string() });

function jsonBlocksOf(markdown: string): readonly unknown[] {
  return [...markdown.matchAll(/^```json\n([\s\S]*?)^```/gm)].map(([, text = '']): unknown => JSON.parse(text));
}

describe('docs/native-dialect.md', async () => {
  const methods = await loadMethods();

  test('lists every method of the gateway, and no other', () => {
    expect(methods.size).toBeGreaterThan(20);
    expect(documented.map(({ method }) => method).toSorted()).toEqual([...methods.keys()].toSorted());
  });

  test('has a section for every method, and no other', () => {
    expect([...sections.keys()].toSorted()).toEqual([...methods.keys()].toSorted());
  });

  test.each(documented)('says which permission $method needs', ({ method, permission }) => {
    const needed = methods.get(method)?.permission;
    const names = needed === undefined ? [] : needed.actions.map((action) => `${needed.area}:${action}`);
    expect(codeSpansOf(permission)).toEqual(names);
    expect(permission.endsWith('or on one')).toBe(needed?.isPerThing === true);
    expect(permission === 'none').toBe(needed === undefined);
  });

  test.each([...sections])('shows a request of %s', (method, section) => {
    const [first] = jsonBlocksOf(section);
    expect(request.parse(first).method).toBe(method);
  });

  test('shows the capabilities that the gateway has, in the version of this repository', async () => {
    const [, answer] = jsonBlocksOf(sections.get('protocol/capabilities') ?? '');
    const serverInfo = z.looseObject({ version: z.string() });
    const { result } = z.object({ result: z.looseObject({ server_info: serverInfo }) }).parse(answer);
    expect(result).toEqual(await loadCapabilities());
    expect(JSON.parse(readText('package.json'))).toMatchObject({ version: result.server_info.version });
  });

  test('names only reasons that docs/errors.md explains', () => {
    const reasons = new Set(
      document
        .match(/\b[A-Z]{2,}(?:_[A-Z]+)+\b/g)
        ?.filter((name) => !/^(GATEWAY_(MAX|REQUEST)|AUTH_|RESOURCE_FILE_)/.test(name)),
    );
    const explained = new Set(
      rowsOf(readText('docs/errors.md'), 'reason').flatMap(([reason = '']) => codeSpansOf(reason)),
    );
    expect([...reasons].filter((reason) => !explained.has(reason))).toEqual([]);
  });
});
