import { argumentsInvalid, argumentsTooLarge } from '../errors.ts';

/** The most bytes of arguments: what is larger belongs into a resource. */
export const ARGUMENTS_BYTES_MAX = 1024 * 1024;

/** Made once: it keeps nothing between two texts. */
const decoder = new TextDecoder('utf-8', { fatal: true });

/** The deepest nesting of arguments; JSON.stringify overflows the stack at some thousands. */
export const ARGUMENTS_DEPTH_MAX = 64;

/**
 * Parses the arguments of a call; empty bytes stand for none.
 *
 * @throws {AppError} TOOL_ARGUMENTS_INVALID or TOOL_ARGUMENTS_TOO_LARGE.
 */
export function parseArguments(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  if (bytes.length === 0) return {};
  if (bytes.length > ARGUMENTS_BYTES_MAX) throw argumentsTooLarge(ARGUMENTS_BYTES_MAX);
  // Every level takes a byte.
  if (bytes.length > ARGUMENTS_DEPTH_MAX && depthOf(bytes) > ARGUMENTS_DEPTH_MAX)
    throw invalid(`must not nest deeper than ${ARGUMENTS_DEPTH_MAX} levels`);
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch {
    throw invalid('must be valid JSON in UTF-8');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('must be a JSON object');
  // A JSON object that is not an array has string keys.
  return value as Record<string, unknown>;
}

function invalid(description: string) {
  return argumentsInvalid([{ field: 'arguments', description }]);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Counts brackets outside of strings; JSON.parse would accept any depth. */
function depthOf(bytes: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let isString = false;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0;
    if (isString) {
      if (byte === BACKSLASH) i += 1;
      else if (byte === QUOTE) isString = false;
    } else if (byte === QUOTE) {
      isString = true;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      depth += 1;
      deepest = Math.max(deepest, depth);
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth -= 1;
    }
  }
  return deepest;
}
