import { AppError, type FieldViolation } from '@gantry/errors';

/** How soon a slot is likely to be free: the built-in tools take some ten milliseconds. */
const BUSY_RETRY_MS = 100;
const MS_PER_SECOND = 1_000;

/** What a caller sent is quoted back; it may be anything. A name fits. */
const QUOTED_CHARACTERS_MAX = 128;
/** The values an enum allows are worth some room. */
const DESCRIPTION_CHARACTERS_MAX = 400;
/** An error travels in HTTP/2 headers, which peers cap at 8 KiB or more. */
const MESSAGE_CHARACTERS_MAX = 1_000;

/** No tool of this name, for this caller. */
export function toolNotFound(asked: string): AppError {
  const name = cut(asked, QUOTED_CHARACTERS_MAX);
  return new AppError({
    code: 'NOT_FOUND',
    reason: 'TOOL_NOT_FOUND',
    message: `there is no tool named "${name}" that you may execute; list the tools to see which there are`,
    metadata: { tool: name },
  });
}

/** The arguments break the tool's schema. */
export function argumentsInvalid(violations: readonly FieldViolation[]): AppError {
  const fieldViolations = violations.map(({ field, description }) => ({
    field: cut(field, QUOTED_CHARACTERS_MAX),
    description: cut(description, DESCRIPTION_CHARACTERS_MAX),
  }));
  const sentences = fieldViolations.map(({ field, description }) => `${field} ${description}`);
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'TOOL_ARGUMENTS_INVALID',
    message: cut(sentences.join('; '), MESSAGE_CHARACTERS_MAX),
    fieldViolations,
  });
}

/** The arguments have too many bytes. */
export function argumentsTooLarge(bytesMax: number): AppError {
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'TOOL_ARGUMENTS_TOO_LARGE',
    message: `the arguments of a tool may have at most ${bytesMax} bytes; put large data into a resource`,
  });
}

/** Too many calls of this tool are running. */
export function toolBusy(name: string): AppError {
  return new AppError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'TOOL_BUSY',
    message: `too many calls of "${name}" are running; wait and try again`,
    metadata: { tool: name },
    retryAfterMs: BUSY_RETRY_MS,
  });
}

/** The tool took longer than it may. */
export function toolTimedOut(name: string, timeoutMs: number): AppError {
  return new AppError({
    code: 'DEADLINE_EXCEEDED',
    reason: 'TOOL_TIMED_OUT',
    message: `"${name}" took longer than its ${timeoutMs / MS_PER_SECOND} s; ask for less`,
    metadata: { tool: name },
  });
}

/** A schema that is not usable. */
export function schemaInvalid(problem: string): AppError {
  return new AppError({
    code: 'FAILED_PRECONDITION',
    reason: 'TOOL_SCHEMA_INVALID',
    message: `the schema of the tool cannot be used: ${cut(problem, DESCRIPTION_CHARACTERS_MAX)}`,
  });
}

/** The page token is not one of ours. */
export function pageTokenInvalid(): AppError {
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'PAGE_TOKEN_INVALID',
    message: 'the page token is not one that this method gave; start again without one',
    fieldViolations: [{ field: 'page_token', description: 'is not one that this method gave' }],
  });
}

/** The page is larger than a page may be. */
export function pageSizeInvalid(sizeMax: number): AppError {
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'PAGE_SIZE_INVALID',
    message: `the page size must be from 0 (the default) to ${sizeMax}`,
    fieldViolations: [{ field: 'page_size', description: `must be at most ${sizeMax}` }],
  });
}

/** Half a surrogate pair, sent as such or left by the cut, cannot be put into a header. */
function cut(text: string, charactersMax: number): string {
  const short = text.length <= charactersMax ? text : `${text.slice(0, charactersMax - 1)}…`;
  return short.toWellFormed();
}
