import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

import { ConfigError } from './config-error.ts';
import { parseEnv } from './parse-env.ts';
import { resolveSecretFiles } from './secret-files.ts';

const directory = mkdtempSync(join(tmpdir(), 'parse-env-'));
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

function problemsOf(parse: () => unknown): readonly string[] {
  try {
    parse();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('parsed what it should have refused');
}

const schema = z.object({ PASSWORD: z.string().min(4), LIMIT: z.coerce.number().default(3) });

describe('values', () => {
  test('the result is frozen and has no variable the schema does not name', () => {
    const env = parseEnv(schema, { PASSWORD: 'long enough', HOME: '/root' });
    expect(env).toEqual({ PASSWORD: 'long enough', LIMIT: 3 });
    expect(Object.isFrozen(env)).toBe(true);
  });

  test('a plain shape is as good as a schema', () => {
    expect(parseEnv({ LIMIT: z.coerce.number() }, { LIMIT: '4' })).toEqual({ LIMIT: 4 });
  });

  test('an empty variable counts as unset', () => {
    expect(parseEnv(schema, { PASSWORD: 'long enough', LIMIT: '' }).LIMIT).toBe(3);
  });

  test('every problem is listed, by variable, and no value is shown', () => {
    const problems = problemsOf(() => parseEnv(schema, { PASSWORD: 'pqx', LIMIT: 'many' }));
    expect(problems).toHaveLength(2);
    expect(problems.join()).toMatch(/PASSWORD.*LIMIT/s);
    expect(problems.join()).not.toContain('pqx');
  });
});

describe('secret files', () => {
  test('X_FILE fills X, without the line break at its end', () => {
    expect(parseEnv(schema, { PASSWORD_FILE: file('password', 'from a file\n') }).PASSWORD).toBe('from a file');
  });

  test('an environment whose files are resolved can be parsed again', () => {
    const resolved = resolveSecretFiles(['PASSWORD'], { PASSWORD_FILE: file('again', 'text'), HOME: '/root' });
    expect(resolved).toEqual({ PASSWORD: 'text', HOME: '/root' });
  });

  test('X and X_FILE together are refused', () => {
    const env = { PASSWORD: 'long enough', PASSWORD_FILE: file('other', 'text') };
    expect(problemsOf(() => parseEnv(schema, env))).toEqual([
      expect.stringContaining('both PASSWORD and PASSWORD_FILE'),
    ]);
  });

  test('an empty X does not conflict with X_FILE', () => {
    expect(parseEnv(schema, { PASSWORD: '', PASSWORD_FILE: file('third', 'text') }).PASSWORD).toBe('text');
  });

  test('a missing file, a folder and a file over 64 KiB are refused by name', () => {
    const read = (path: string) => problemsOf(() => parseEnv(schema, { PASSWORD_FILE: path }));
    expect(read(join(directory, 'nowhere'))).toEqual([expect.stringMatching(/ENOENT.*→ at PASSWORD_FILE/s)]);
    expect(read(directory)).toEqual([expect.stringContaining('not a regular file')]);
    expect(read(file('large', 'x'.repeat(64 * 1024 + 1)))).toEqual([
      expect.stringContaining('larger than 65536 bytes'),
    ]);
    expect(parseEnv(schema, { PASSWORD_FILE: file('full', 'x'.repeat(64 * 1024)) }).PASSWORD).toHaveLength(64 * 1024);
  });

  test('a variable of the schema that ends in _FILE is a path, not a secret to read', () => {
    const shape = { KEY: z.string().optional(), KEY_FILE: z.string() };
    expect(parseEnv(shape, { KEY_FILE: '/keys/master' })).toEqual({ KEY_FILE: '/keys/master' });
  });
});
