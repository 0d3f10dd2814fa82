import { schemaInvalid } from '../errors.ts';

/** The most bytes of a schema, as JSON. */
export const SCHEMA_BYTES_MAX = 256 * 1024;
/** The deepest nesting of a schema; Ajv's compiler recurses, and overflows the stack at about 3,000 levels. */
export const SCHEMA_DEPTH_MAX = 64;
/** The most keywords and properties in all; 3,000 properties overflow Ajv's stack too. */
export const SCHEMA_NODES_MAX = 2_000;

/**
 * Refuses a schema that would cost too much to compile, or that reaches for another document. Returns it as JSON.
 *
 * @throws {AppError} TOOL_SCHEMA_INVALID.
 */
export function toBoundedJson(schema: unknown): string {
  let nodes = 0;
  const visit = (value: unknown, depth: number): void => {
    if (depth > SCHEMA_DEPTH_MAX) throw schemaInvalid(`it nests deeper than ${SCHEMA_DEPTH_MAX} levels`);
    if (typeof value !== 'object' || value === null) return;
    for (const [key, child] of Object.entries(value)) {
      nodes += 1;
      if (nodes > SCHEMA_NODES_MAX) throw schemaInvalid(`it has more than ${SCHEMA_NODES_MAX} parts`);
      if (key === '$ref' && typeof child === 'string' && !child.startsWith('#')) {
        throw schemaInvalid('a $ref may only point into the same schema');
      }
      visit(child, depth + 1);
    }
  };
  visit(schema, 0);
  // Only now: JSON.stringify overflows the stack on what nests some thousands deep.
  const json = JSON.stringify(schema);
  if (Buffer.byteLength(json) > SCHEMA_BYTES_MAX) throw schemaInvalid(`it has more than ${SCHEMA_BYTES_MAX} bytes`);
  return json;
}
