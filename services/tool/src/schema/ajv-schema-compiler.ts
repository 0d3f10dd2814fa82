import { createHash } from 'node:crypto';

import type { FieldViolation } from '@gantry/errors';
import { Ajv2020, type ErrorObject, type Options, type ValidateFunction } from 'ajv/dist/2020.js';
import { LRUCache } from 'lru-cache';

import type { SchemaCompiler } from '../domain/ports.ts';
import type { ObjectSchema } from '../domain/tool.ts';
import { schemaInvalid } from '../errors.ts';
import { describeViolation } from './describe-violation.ts';
import { safeRegExp } from './safe-regexp.ts';
import { toBoundedJson } from './schema-limits.ts';

/** Compiled schemas kept; a compiled one is about 20 KiB. */
const COMPILED_MAX = 2_000;
/** A model mends a few things at a time; the rest shows when these are mended. */
export const VIOLATIONS_MAX = 20;
/** Above this, all errors of a value are not collected: a million wrong items would be a million error objects. */
export const ALL_ERRORS_CHARACTERS_MAX = 64 * 1024;

/** A schema, ready for use: the quick way finds the first error, the thorough way all of them. */
interface Compiled {
  readonly quick: ValidateFunction;
  readonly thorough: ValidateFunction;
}

/** What tells a schema that breaks the rules for schemas. */
type CheckSchema = (schema: ObjectSchema) => void;

/** Creates the compiler of JSON Schema 2020-12. Each schema is compiled once, found again by its content. */
export function createSchemaCompiler(): SchemaCompiler {
  const checkSchema = createSchemaCheck();
  const compiledByHash = new LRUCache<string, Compiled>({ max: COMPILED_MAX });
  const hashBySchema = new WeakMap<object, string>();

  const compiledOf = (schema: ObjectSchema): Compiled => {
    const hash = hashBySchema.get(schema) ?? createHash('sha256').update(toBoundedJson(schema)).digest('base64');
    hashBySchema.set(schema, hash);
    const known = compiledByHash.get(hash);
    if (known !== undefined) return known;
    const compiled = compile(schema, checkSchema);
    compiledByHash.set(hash, compiled);
    return compiled;
  };

  return {
    validate(schema, value, root) {
      const { quick, thorough } = compiledOf(schema);
      if (quick(value)) return [];
      const isSmall = (JSON.stringify(value)?.length ?? 0) <= ALL_ERRORS_CHARACTERS_MAX;
      if (isSmall) thorough(value);
      return toViolations((isSmall ? thorough.errors : quick.errors) ?? [], root);
    },
  };
}

const commonOptions = {
  strict: false,
  // Formats are annotations in 2020-12 unless a vocabulary says otherwise.
  validateFormats: false,
  logger: false,
} satisfies Options;

/** Checks schemas against the meta-schema, which is compiled once: it takes 60 ms, a common schema 2 ms. */
function createSchemaCheck(): CheckSchema {
  const ajv = new Ajv2020(commonOptions);
  return (schema) => void ajv.validateSchema(schema, true);
}

function compile(schema: ObjectSchema, checkSchema: CheckSchema): Compiled {
  try {
    checkSchema(schema);
    // One Ajv a schema: ids and references of different owners must not meet in one registry.
    return { quick: newAjv(false).compile(schema), thorough: newAjv(true).compile(schema) };
  } catch (cause) {
    throw schemaInvalid(cause instanceof Error ? cause.message : 'it cannot be compiled');
  }
}

function newAjv(allErrors: boolean): Ajv2020 {
  return new Ajv2020({
    ...commonOptions,
    allErrors,
    code: { regExp: safeRegExp },
    // Or an object without `toString` of its own would have one that is required.
    ownProperties: true,
    // The schema was checked.
    validateSchema: false,
    meta: false,
  });
}

function toViolations(errors: readonly ErrorObject[], root: string): readonly FieldViolation[] {
  const violations = errors.map((error) => describeViolation(error, root));
  const unique = new Map(violations.map((violation) => [`${violation.field} ${violation.description}`, violation]));
  return [...unique.values()].slice(0, VIOLATIONS_MAX);
}
