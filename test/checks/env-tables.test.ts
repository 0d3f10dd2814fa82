import { describeEnv } from '@gantry/runtime';
import { expect, test } from 'vitest';
import { z } from 'zod';

import { formatExample, formatTable, replaceBlock } from './env-tables.ts';

const shared = { LOG_LEVEL: z.string().default('info').describe('What is logged.') };
const auth = describeEnv({
  ...shared,
  KEY: z.string().describe('The key.').meta({ secret: true, description: 'The key.' }),
});
const tool = describeEnv({ ...shared, MODE: z.string().optional().describe('One of a|b.') });

test('a table names every variable with its default and escapes what would break a cell', () => {
  expect(formatTable(auth)).toBe(
    [
      '| variable | default | meaning |',
      '| --- | --- | --- |',
      '| `LOG_LEVEL` | `info` | What is logged. |',
      '| `KEY` | **required** | The key. Secret: better given as `KEY_FILE`. |',
    ].join('\n'),
  );
  expect(formatTable(tool)).toContain('| `MODE` | none | One of a\\|b. |');
});

test('the example lists shared variables once and leaves only required ones open', () => {
  const example = formatExample([
    { service: 'auth', rows: auth },
    { service: 'tool', rows: tool },
  ]);
  expect(example.match(/^[^#\n].*$/gm)).toEqual(['KEY=']);
  expect(example.match(/^#LOG_LEVEL=info$/gm)).toHaveLength(1);
  expect(example.match(/^## .*$/gm)).toEqual(['## every service', '## auth', '## tool']);
});

test('a variable that services describe differently stands in the example once, with what each says', () => {
  const needed = describeEnv({ URL: z.string().describe('The database.') });
  const optional = describeEnv({ URL: z.string().default('x').describe('The database, or x.') });
  const example = formatExample([
    { service: 'tool', rows: needed },
    { service: 'all', rows: optional },
  ]);
  expect(example).toContain(
    [
      '# tool: The database.',
      '# all: The database, or x.',
      '# Required by tool.',
      '# Default for tool: none.',
      '# Default for all: x.',
      'URL=',
    ].join('\n'),
  );
  expect(example.match(/^#?URL=/gm)).toHaveLength(1);
});

test('a block is replaced between one pair of markers and nowhere else', () => {
  const text = 'before\n<!-- env:begin -->\nold\n<!-- env:end -->\nafter\n';
  expect(replaceBlock(text, 'new')).toBe('before\n<!-- env:begin -->\n\nnew\n\n<!-- env:end -->\nafter\n');
  expect(replaceBlock(text + text, 'new')).toBeUndefined();
  expect(replaceBlock('no markers', 'new')).toBeUndefined();
  expect(replaceBlock('<!-- env:end --><!-- env:begin -->', 'new')).toBeUndefined();
});
