import { describe, expect, test } from 'vitest';

import type { ObjectSchema } from '../domain/tool.ts';
import { ALL_ERRORS_CHARACTERS_MAX, createSchemaCompiler, VIOLATIONS_MAX } from './ajv-schema-compiler.ts';

const compiler = createSchemaCompiler();
const validate = (schema: Omit<ObjectSchema, 'type'>, value: unknown) =>
  compiler.validate({ type: 'object', ...schema }, value, 'arguments');

const order = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'https://example.com/order',
  $defs: {
    code: { type: 'string', pattern: '^[A-Z]{3}$' },
    address: { type: 'object', properties: { country: { $ref: '#/$defs/code' } }, required: ['country'] },
  },
  properties: {
    to: { $ref: '#/$defs/address' },
    kind: { enum: ['gift', 'sale'] },
    point: { type: 'array', prefixItems: [{ type: 'number' }, { type: 'number' }], items: false },
    lines: { type: 'array', minItems: 1, uniqueItems: true, items: { type: 'object', required: ['sku'] } },
    mail: { type: 'string', format: 'email' },
    version: { const: 2 },
  },
  if: { properties: { kind: { const: 'gift' } }, required: ['kind'] },
  // oxlint-disable-next-line unicorn/no-thenable -- A keyword of JSON Schema.
  then: { required: ['note'], properties: { note: { minLength: 1 } } },
  dependentRequired: { from: ['to'] },
  unevaluatedProperties: false,
} as const;

describe('JSON Schema 2020-12', () => {
  test.each([
    {},
    { to: { country: 'DEU' } },
    { kind: 'sale' },
    { kind: 'gift', note: 'ö' },
    { point: [1, 2.5] },
    { point: [1] },
    { lines: [{ sku: 'a' }, { sku: 'b' }], version: 2 },
    { mail: 'formats are annotations' },
  ])('%j is valid', (value) => {
    expect(validate(order, value)).toEqual([]);
  });

  test.each([
    [{ to: {} }, 'arguments.to.country', 'is required'],
    [{ to: { country: 'de' } }, 'arguments.to.country', 'must match pattern "^[A-Z]{3}$"'],
    [{ to: 1 }, 'arguments.to', 'must be object'],
    [{ kind: 'loan' }, 'arguments.kind', 'must be one of "gift", "sale"'],
    [{ kind: 'gift' }, 'arguments.note', 'is required'],
    [{ kind: 'gift', note: '' }, 'arguments.note', 'must NOT have fewer than 1 characters'],
    [{ kind: 'sale', note: 'x' }, 'arguments.note', 'is not a parameter of this tool; leave it out'],
    [{ point: ['1', 2] }, 'arguments.point[0]', 'must be number'],
    [{ point: [1, 2, 3] }, 'arguments.point', 'must NOT have more than 2 items'],
    [{ lines: [] }, 'arguments.lines', 'must NOT have fewer than 1 items'],
    [{ lines: [{ sku: 1 }, {}] }, 'arguments.lines[1].sku', 'is required'],
    [
      { lines: [{ sku: 1 }, { sku: 1 }] },
      'arguments.lines',
      'must NOT have duplicate items (items ## 0 and 1 are identical)',
    ],
    [{ version: 1 }, 'arguments.version', 'must be 2'],
    [{ kind: 'sale', colour: 'red' }, 'arguments.colour', 'is not a parameter of this tool; leave it out'],
    [['no object'], 'arguments', 'must be object'],
  ])('%j breaks it at %s', (value, field, description) => {
    expect(validate(order, value)).toContainEqual({ field, description });
  });

  test.each([
    [{ dependentRequired: { from: ['to'] } }, { from: 1 }, 'arguments.to', 'is required beside from'],
    [{ additionalProperties: false }, { a: 1 }, 'arguments.a', 'is not a parameter of this tool; leave it out'],
    [{ properties: { a: false } }, { a: 1 }, 'arguments.a', 'must be left out'],
    [{ propertyNames: { maxLength: 1 } }, { ab: 1 }, 'arguments.ab', 'is not a name that may be used here'],
    [
      { propertyNames: { maxLength: 1 } },
      { ab: 1 },
      'arguments.ab',
      'by its name must NOT have more than 1 characters',
    ],
    [{ properties: { 'a/b~c': { type: 'null' } } }, { 'a/b~c': 1 }, 'arguments.a/b~c', 'must be null'],
    [
      { allOf: [{ properties: { a: {} } }], unevaluatedProperties: false },
      { a: 1, b: 1 },
      'arguments.b',
      'is not a parameter of this tool; leave it out',
    ],
    [{ properties: { a: { not: {} } } }, { a: 1 }, 'arguments.a', 'must NOT be valid'],
    [{ maxProperties: 0 }, { a: 1 }, 'arguments', 'must NOT have more than 0 properties'],
    [{ properties: { a: { multipleOf: 2 } } }, { a: 1 }, 'arguments.a', 'must be multiple of 2'],
  ])('%j is broken by %j at %s', (schema, value, field, description) => {
    expect(validate(schema, value)).toContainEqual({ field, description });
  });

  test('every violation has a path and a sentence', () => {
    const value = { to: {}, kind: 'gift', point: ['a', 1, 2], lines: [{}, {}], version: 0, '': 1 };
    const violations = validate(order, value);
    expect(violations.length).toBeGreaterThan(5);
    for (const { field, description } of violations) {
      expect(field).toMatch(/^arguments/);
      expect(`${field} ${description}`).not.toMatch(/undefined|\[object/);
      expect(description).not.toBe('');
    }
  });
});

describe('patterns', () => {
  test('each property is held to its own', () => {
    const schema = { properties: { a: { pattern: '^a$' }, b: { pattern: '^b$' } }, patternProperties: { '^x': false } };
    expect(validate(schema, { a: 'a', b: 'b', y: 1 })).toEqual([]);
    expect(
      validate(schema, { a: 'b', b: 'a', xy: 1 })
        .map(({ field }) => field)
        .toSorted(),
    ).toEqual(['arguments.a', 'arguments.b', 'arguments.xy']);
  });

  test('one that makes a backtracking engine hang is answered, wherever it stands', () => {
    const text = `${'a'.repeat(20_000)}!`;
    expect(validate({ properties: { a: { pattern: '^(a+)+$' } } }, { a: text })).toHaveLength(1);
    const names = { patternProperties: { '^(a+)+$': { type: 'null' } }, additionalProperties: false };
    expect(validate(names, { [text]: 1 })).toHaveLength(1);
  });

  test.each(['(?=a)b', '(a)\\1', '['])('%s makes its schema unusable', (pattern) => {
    expect(() => validate({ properties: { a: { pattern } } }, {})).toThrow(
      expect.objectContaining({ reason: 'TOOL_SCHEMA_INVALID', message: expect.stringContaining('regexp') }),
    );
  });
});

describe('a schema that cannot be used is TOOL_SCHEMA_INVALID', () => {
  const deep = Array.from({ length: 10_000 }).reduce<Readonly<Record<string, unknown>>>(
    (inner) => ({ properties: { a: inner } }),
    {},
  );
  const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`p${i}`, { type: 'string' }]));
  test.each([
    ['that is too deep', deep],
    ['that is too wide', { properties: wide }],
    ['that is too long', { title: 'x'.repeat(1_000_000) }],
    ['that points elsewhere', { $ref: 'https://example.com/schema.json' }],
    ['that points nowhere', { $ref: '#/$defs/missing' }],
    ['with a keyword of the wrong type', { properties: [] }],
    ['with an unknown type', { properties: { a: { type: 'text' } } }],
    ['of another draft', { $schema: 'http://json-schema.org/draft-04/schema#' }],
  ])('%s', (_what, schema) => {
    expect(() => validate(schema, {})).toThrow(
      expect.objectContaining({ code: 'FAILED_PRECONDITION', reason: 'TOOL_SCHEMA_INVALID' }),
    );
  });

  test('and does not become usable by trying again', () => {
    const schema = { type: 'object', properties: { a: { type: 'text' } } } as const;
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(() => compiler.validate(schema, {}, 'arguments')).toThrow(/cannot be used/);
    }
  });
});

describe('what is hidden in JSON', () => {
  test('a key named __proto__ is a property like any other', () => {
    const value: unknown = JSON.parse('{"__proto__":{"a":1}}');
    expect(validate({ required: ['a'] }, value)).toHaveLength(1);
    expect(validate({ additionalProperties: false }, value)).toEqual([
      { field: 'arguments.__proto__', description: 'is not a parameter of this tool; leave it out' },
    ]);
    expect('a' in {}).toBe(false);
  });

  test.each(['toString', 'constructor', '__proto__'])('%s is not there unless it was sent', (name) => {
    expect(validate({ required: [name] }, {})).toHaveLength(1);
    expect(validate({ required: [name] }, JSON.parse(`{"${name}":1}`))).toEqual([]);
  });

  test('a value is not changed: no defaults, no coercion', () => {
    const value = { n: '1' };
    expect(validate({ properties: { n: { type: 'number' }, m: { default: 1 } } }, value)).toHaveLength(1);
    expect(value).toEqual({ n: '1' });
  });
});

describe('bounds', () => {
  const numbers = { properties: { list: { items: { type: 'number' } } } };

  test('of many violations the first twenty are told', () => {
    const list = Array.from({ length: 100 }, () => 'x');
    const violations = validate(numbers, { list });
    expect(violations).toHaveLength(VIOLATIONS_MAX);
    expect(violations[19]).toEqual({ field: 'arguments.list[19]', description: 'must be number' });
  });

  test('of a large value only the first violation is told', () => {
    const list = Array.from({ length: ALL_ERRORS_CHARACTERS_MAX / 4 }, () => 'x');
    expect(validate(numbers, { list })).toEqual([{ field: 'arguments.list[0]', description: 'must be number' }]);
  });
});

test('a schema is compiled once, however often it comes and in whichever object', () => {
  const own = createSchemaCompiler();
  let reads = 0;
  // Ajv reads the keywords of what it compiles many times; the hash takes one look.
  const schemaOf = (): ObjectSchema => ({
    type: 'object',
    get required() {
      reads += 1;
      return ['a'];
    },
  });
  const first = schemaOf();
  expect(own.validate(first, {}, 'arguments')).toHaveLength(1);
  reads = 0;
  expect(own.validate(first, {}, 'arguments')).toHaveLength(1);
  expect(reads).toBe(0);
  expect(own.validate(schemaOf(), {}, 'arguments')).toHaveLength(1);
  // Once to measure it, once to write it down.
  expect(reads).toBe(2);
});

test('schemas with one id and different content do not meet', () => {
  const $id = 'https://example.com/same';
  expect(validate({ $id, required: ['a'] }, {})).toHaveLength(1);
  expect(validate({ $id, required: ['b'] }, { b: 1 })).toEqual([]);
});

test('paths begin with what they are asked to begin with', () => {
  expect(compiler.validate({ type: 'object', required: ['a'] }, {}, 'result')).toEqual([
    { field: 'result.a', description: 'is required' },
  ]);
});
