import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { root } from '../checks/repository.ts';
import { codeSpansOf, readText, rowsOf } from './markdown.ts';

const document = readText('docs/mcp.md');

const source = (path: string): Promise<Record<string, unknown>> => import(join(root, 'services/gateway/src', path));

const permission = z.object({ area: z.string(), actions: z.array(z.string()), isPerThing: z.boolean() });
const tables = z.object({ modern: z.map(z.string(), z.object({ permission: permission.optional() })) });

/** The gateway's own table. Nothing is called here, so the services may be missing. */
async function loadModernMethods() {
  const { createMethodTables } = await source('methods/method-table.ts');
  return tables.parse(z.custom<(backends: object, itemsMax: number) => unknown>().parse(createMethodTables)({}, 50))
    .modern;
}

/** The request that the page shows, as curl would send it. */
function shownRequest() {
  const [, command = ''] = /```sh\n(curl [\s\S]*?)```/.exec(document) ?? [];
  const headers = [...command.matchAll(/-H ['"]([\w-]+): (.*?)['"]/g)].map(([, name = '', value = '']) => [
    name,
    value,
  ]);
  const [, body = ''] = /-d '([\s\S]*)'/.exec(command) ?? [];
  return { headers: Object.fromEntries(headers), body };
}

describe('docs/mcp.md', () => {
  test('lists every method of the modern dialect with its permission, and no other', async () => {
    const documented = rowsOf(document, 'modern method').map(([method = '', needed = '']) => [
      codeSpansOf(method)[0],
      codeSpansOf(needed),
      needed.endsWith('or on one'),
    ]);
    const methods = [...(await loadModernMethods())].map(([name, { permission: needed }]) => [
      name,
      (needed?.actions ?? []).map((action) => `${needed?.area}:${action}`),
      needed?.isPerThing === true,
    ]);
    expect(documented).toEqual(methods);
  });

  test('lists every revision that is spoken', async () => {
    const { PROTOCOL_VERSIONS } = await source('json-rpc/dialect.ts');
    const documented = rowsOf(document, 'revision').flatMap(([revisions = '']) => revisions.split(', '));
    expect(documented).toEqual(PROTOCOL_VERSIONS);
  });

  test('says which revisions connections speak', async () => {
    const isLegacyVersion = z
      .custom<(version: string) => boolean>()
      .parse((await source('json-rpc/dialect.ts'))['isLegacyVersion']);
    const documented = rowsOf(document, 'revision').flatMap(([revisions = '', , webSocket, session]) =>
      revisions.split(', ').map((revision) => [revision, webSocket, session]),
    );
    const expected = documented.map(([revision = '']) => {
      const isSpoken = isLegacyVersion(revision) ? 'yes' : 'no';
      return [revision, isSpoken, isSpoken];
    });
    expect(documented).toEqual(expected);
  });

  test('shows a request that the gateway takes', async () => {
    const { headers, body } = shownRequest();
    expect(Object.keys(headers)).toContain('authorization');
    const parseBody = z
      .custom<(text: string) => unknown>()
      .parse((await source('json-rpc/parse-body.ts'))['parseBody']);
    const classify = z
      .custom<(body: unknown, hints: object) => unknown>()
      .parse((await source('json-rpc/classify.ts'))['classify']);
    expect(classify(parseBody(body), { dialect: 'modern', headers })).toEqual({
      dialect: 'modern',
      refusal: undefined,
    });
  });
});
