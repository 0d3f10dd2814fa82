import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { root } from './repository.ts';

/** The proto packages our own services serve; providers are served by others, and the lane carries the same methods. */
const areas = ['auth', 'context', 'gateway', 'resource', 'tool'] as const;

interface ServiceDefinition {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, unknown>>;
}

function isServiceDefinition(value: unknown): value is ServiceDefinition {
  return typeof value === 'object' && value !== null && 'fullName' in value && 'methods' in value;
}

async function definitionsOf(area: string): Promise<ServiceDefinition[]> {
  const paths = globSync(`packages/protocol/src/gen/gantry/${area}/**/*.ts`, { cwd: root });
  const modules: Readonly<Record<string, unknown>>[] = await Promise.all(paths.map((path) => import(join(root, path))));
  return modules.flatMap((module) => Object.values(module)).filter(isServiceDefinition);
}

function contractTests(area: string): string {
  const paths = globSync(`services/${area}/test/**/*.contract.test.ts`, { cwd: root });
  return paths.map((path) => readFileSync(join(root, path), 'utf8')).join('\n');
}

describe.each(areas)('%s', async (area) => {
  const definitions = await definitionsOf(area);

  test('has at least one service', () => {
    expect(definitions.length).toBeGreaterThan(0);
  });

  test.each(definitions)('a contract test names every method of $fullName', ({ methods }) => {
    const text = contractTests(area);
    const unnamed = Object.keys(methods).filter((method) => !new RegExp(`\\b${method}\\b`).test(text));
    expect(unnamed).toEqual([]);
  });
});
