import { expect, test } from 'vitest';

import { codeSpansOf, listFiles, readText, rowsOf } from './markdown.ts';

const sources = listFiles('{services,packages}/*/src/**/*.ts').filter(
  (path) => !path.endsWith('.test.ts') && !path.startsWith('packages/protocol/'),
);

/** Names in string literals; those that are put together have one form a value. */
function metricsIn(source: string): readonly string[] {
  const literals = [...source.matchAll(/['`]((?:gantry|mcp|grpc)_[a-z0-9_]*(?:\$\{(?:side|unit)\}[a-z0-9_]*)?)['`]/g)];
  return literals.flatMap(([, name = '']) => {
    if (name.includes('${side}')) return ['server', 'client'].map((side) => name.replace('${side}', side));
    if (name.includes('${unit}')) return ['entries', 'bytes'].map((unit) => name.replace('${unit}', unit));
    return [name];
  });
}

/** Labels of go-grpc-middleware, not metrics. */
const labels = new Set(['grpc_type', 'grpc_service', 'grpc_method', 'grpc_code']);

test('docs/operations.md lists every metric, and no other', () => {
  const metrics = new Set(sources.flatMap((path) => metricsIn(readText(path))).filter((name) => !labels.has(name)));
  const documented = rowsOf(readText('docs/operations.md'), 'metric').flatMap(([name = '']) => codeSpansOf(name));
  expect(metrics.size).toBeGreaterThan(20);
  expect(documented.toSorted()).toEqual([...metrics].toSorted());
});
