import type { FieldViolation } from '@gantry/errors';
import type { ErrorObject } from 'ajv/dist/2020.js';

/** What Ajv documents of the parameters of its errors, by keyword. */
interface ViolationParams {
  readonly missingProperty?: string;
  readonly property?: string;
  readonly additionalProperty?: string;
  readonly unevaluatedProperty?: string;
  readonly propertyName?: string;
  readonly allowedValue?: unknown;
  readonly allowedValues?: readonly unknown[];
}

/** Returns an error of Ajv as a path, which begins with `root`, and half a sentence about what is there. */
export function describeViolation(error: ErrorObject, root: string): FieldViolation {
  const at = `${root}${toPath(error.instancePath)}`;
  const { keyword, message = 'is not valid' } = error;
  // Each keyword sets its own parameters and no others.
  const params: ViolationParams = error.params;
  if (error.propertyName !== undefined)
    return { field: `${at}.${error.propertyName}`, description: `by its name ${message}` };
  switch (keyword) {
    case 'required':
      return { field: `${at}.${params.missingProperty}`, description: 'is required' };
    case 'dependentRequired':
      return { field: `${at}.${params.missingProperty}`, description: `is required beside ${params.property}` };
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return {
        field: `${at}.${params.additionalProperty ?? params.unevaluatedProperty}`,
        description: 'is not a parameter of this tool; leave it out',
      };
    case 'propertyNames':
      return { field: `${at}.${params.propertyName}`, description: 'is not a name that may be used here' };
    case 'enum':
      return {
        field: at,
        description: `must be one of ${(params.allowedValues ?? []).map((value) => JSON.stringify(value)).join(', ')}`,
      };
    case 'const':
      return { field: at, description: `must be ${JSON.stringify(params.allowedValue)}` };
    case 'false schema':
      return { field: at, description: 'must be left out' };
    default:
      return { field: at, description: message };
  }
}

/** Turns a JSON Pointer into the path a person would write: `/items/3/a~1b` into `.items[3].a/b`. */
function toPath(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join('');
}
