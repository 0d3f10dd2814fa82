import { expect, test } from 'vitest';
import { z } from 'zod';

import { describeEnv } from './describe-env.ts';

test('a row says name, default, whether it is required and what it means, wherever the text was attached', () => {
  const rows = describeEnv({
    URL: z.url().describe('Before nothing.').meta({ description: 'Where it is.', secret: true }),
    PORT: z.coerce.number().int().describe('Attached before the default.').default(8000),
    IS_ON: z.stringbool().default(false).describe('Attached after the default.'),
    ROOTS: z
      .string()
      .default('a,b')
      .transform((text) => text.split(',')),
    PEER: z.url().optional(),
  });
  expect(rows).toEqual([
    { name: 'URL', default: undefined, isRequired: true, isSecret: true, meaning: 'Where it is.' },
    { name: 'PORT', default: '8000', isRequired: false, isSecret: false, meaning: 'Attached before the default.' },
    { name: 'IS_ON', default: 'false', isRequired: false, isSecret: false, meaning: 'Attached after the default.' },
    { name: 'ROOTS', default: 'a,b', isRequired: false, isSecret: false, meaning: '' },
    { name: 'PEER', default: undefined, isRequired: false, isSecret: false, meaning: '' },
  ]);
});

test('a secret stays marked through a default and a coerced number is required', () => {
  const rows = describeEnv(z.object({ KEY: z.string().meta({ secret: true }).default(''), LIMIT: z.coerce.number() }));
  expect(rows).toMatchObject([
    { name: 'KEY', isSecret: true, default: '' },
    { name: 'LIMIT', isRequired: true },
  ]);
});
