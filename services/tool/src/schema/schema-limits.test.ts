import { expect, test } from 'vitest';

import { SCHEMA_BYTES_MAX, SCHEMA_DEPTH_MAX, SCHEMA_NODES_MAX, toBoundedJson } from './schema-limits.ts';

const invalid = (problem: string) =>
  expect.objectContaining({
    code: 'FAILED_PRECONDITION',
    reason: 'TOOL_SCHEMA_INVALID',
    message: `the schema of the tool cannot be used: ${problem}`,
  });

/** A schema with so many levels below the root. */
function nested(depth: number): unknown {
  let schema: unknown = 1;
  for (let level = 0; level < depth; level += 1) schema = { not: schema };
  return schema;
}

test('a schema comes back as JSON', () => {
  expect(toBoundedJson({ type: 'object', enum: [1, null] })).toBe('{"type":"object","enum":[1,null]}');
});

test('a schema may nest 64 levels, and not 65; thousands are refused as calmly', () => {
  expect(toBoundedJson(nested(SCHEMA_DEPTH_MAX))).toContain('not');
  for (const depth of [SCHEMA_DEPTH_MAX + 1, 50_000]) {
    expect(() => toBoundedJson(nested(depth))).toThrow(invalid('it nests deeper than 64 levels'));
  }
});

test('a schema may have 2,000 parts, and not one more', () => {
  const parts = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, true]));
  expect(toBoundedJson(parts(SCHEMA_NODES_MAX))).toContain('p1999');
  expect(() => toBoundedJson(parts(SCHEMA_NODES_MAX + 1))).toThrow(invalid('it has more than 2000 parts'));
});

test('a schema may have 256 KiB, counted in bytes, and not one more', () => {
  const sized = (bytes: number) => ({ title: 'x'.repeat(bytes - '{"title":""}'.length) });
  expect(toBoundedJson(sized(SCHEMA_BYTES_MAX))).toHaveLength(SCHEMA_BYTES_MAX);
  expect(() => toBoundedJson(sized(SCHEMA_BYTES_MAX + 1))).toThrow(invalid('it has more than 262144 bytes'));
  expect(() => toBoundedJson({ title: 'ü'.repeat(SCHEMA_BYTES_MAX / 2) })).toThrow(
    invalid('it has more than 262144 bytes'),
  );
});

test.each(['https://example.com/schema', 'file:///etc/passwd', 'other.json', 'other#/a', ''])(
  'a reference to %j is refused wherever it is',
  ($ref) => {
    expect(() => toBoundedJson({ anyOf: [{ properties: { a: { $ref } } }] })).toThrow(
      invalid('a $ref may only point into the same schema'),
    );
  },
);

test('a reference into the same schema, and a property named $ref, are fine', () => {
  expect(toBoundedJson({ $ref: '#/$defs/a', properties: { $ref: { type: 'string' } } })).toContain('#/$defs/a');
});
