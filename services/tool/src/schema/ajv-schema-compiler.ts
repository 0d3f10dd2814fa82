import { createHash } from 'node:crypto';

import type { FieldViolation } from '@gantry/errors';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { LRUCache } from 'lru-cache';

import type { SchemaCompiler } from '../domain/ports.ts';
import type { ObjectSchema } from '../domain/tool.ts';
import { schemaInvalid } from '../errors.ts';
import { safeRegExp } from './safe-regexp.ts';
import { assertWithinLimits } from './schema-limits.ts';

/** Compiled schemas kept; a compiled one is about 20 KiB. */
const COMPILED_MAX = 2_000;
/** A model mends a few things at a time; the rest shows when these are mended. */
const VIOLATIONS_MAX = 20;
/** Above this, all errors of a value are not collected: a million wrong items would be a million error objects. */
const ALL_ERRORS_CHARACTERS_MAX = 64 * 1024;

/** A schema, ready for use: the quick way finds the first error, the thorough way all of them. */
interface Compiled {
  readonly quick: ValidateFunction;
  readonly thorough: ValidateFunction;
}

/** Creates the compiler of JSON Schema 2020-12. Each schema is compiled once, found again by its content. */
export function createSchemaCompiler(): SchemaCompiler {
  const compiledByHash = new LRUCache<string, Compiled>({ max: COMPILED_MAX });
  const hashBySchema = new WeakMap<object, string>();

  const compiledOf = (schema: ObjectSchema): Compiled => {
    const hash = hashBySchema.get(schema) ?? hashOf(schema);
    hashBySchema.set(schema, hash);
    const known = compiledByHash.get(hash);
    if (known !== undefined) return known;
    const compiled = compile(schema);
    compiledByHash.set(hash, compiled);
    return compiled;
  };

  return {
    validate(schema, value) {
      const { quick, thorough } = compiledOf(schema);
      if (quick(value)) return [];
      const isSmall = (JSON.stringify(value)?.length ?? 0) <= ALL_ERRORS_CHARACTERS_MAX;
      if (isSmall) thorough(value);
      return toViolations((isSmall ? thorough.errors : quick.errors) ?? []);
    },
  };
}

function hashOf(schema: ObjectSchema): string {
  return createHash('sha256').update(JSON.stringify(schema)).digest('base64');
}

function compile(schema: ObjectSchema): Compiled {
  assertWithinLimits(schema, JSON.stringify(schema));
  try {
    // One Ajv a schema: ids and references of different owners must not meet in one registry.
    return { quick: newAjv(false).compile(schema), thorough: newAjv(true).compile(schema) };
  } catch (cause) {
    throw schemaInvalid(cause instanceof Error ? cause.message : 'it cannot be compiled');
  }
}

function newAjv(allErrors: boolean): Ajv2020 {
  return new Ajv2020({
    allErrors,
    strict: false,
    // Formats are annotations in 2020-12 unless a vocabulary says otherwise.
    validateFormats: false,
    code: { regExp: safeRegExp },
    logger: false,
  });
}

function toViolations(errors: readonly ErrorObject[]): readonly FieldViolation[] {
  const violations = errors.map(toViolation);
  const unique = new Map(violations.map((violation) => [`${violation.field} ${violation.description}`, violation]));
  return [...unique.values()].slice(0, VIOLATIONS_MAX);
}

function toViolation({ instancePath, keyword, params, message = 'is not valid' }: ErrorObject): FieldViolation {
  const field = `arguments${instancePath.replaceAll('/', '.')}`;
  // Ajv documents these parameters by keyword.
  const { missingProperty, additionalProperty, allowedValues } = params as {
    readonly missingProperty?: string;
    readonly additionalProperty?: string;
    readonly allowedValues?: readonly unknown[];
  };
  switch (keyword) {
    case 'required':
      return { field: `${field}.${missingProperty}`, description: 'is required' };
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return {
        field: `${field}.${additionalProperty ?? ''}`,
        description: 'is not a parameter of this tool; leave it out',
      };
    case 'enum':
      return {
        field,
        description: `must be one of ${(allowedValues ?? []).map((value) => JSON.stringify(value)).join(', ')}`,
      };
    default:
      return { field, description: message };
  }
}
