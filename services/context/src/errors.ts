import { AppError, type FieldViolation } from '@gantry/errors';

const DOMAIN = 'context';

/** Something in the request is out of its limits; each violation says what to change. */
export function requestInvalid(violations: readonly FieldViolation[]): AppError {
  const [first] = violations;
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'CONTEXT_REQUEST_INVALID',
    domain: DOMAIN,
    message: first === undefined ? 'the request is not valid' : `${first.field} ${first.description}`,
    fieldViolations: violations,
  });
}

/** No document is in this source. */
export function sourceNotFound(source: string): AppError {
  return new AppError({
    code: 'NOT_FOUND',
    reason: 'SOURCE_NOT_FOUND',
    domain: DOMAIN,
    message: 'there is no source of this name; ListSources tells which there are',
    metadata: { source },
  });
}

/** The page token is not one of ours, or belongs to another request. */
export function pageTokenInvalid(): AppError {
  const description = 'must be the next_page_token of an earlier answer to the same request, or empty';
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'PAGE_TOKEN_INVALID',
    domain: DOMAIN,
    message: `page_token ${description}`,
    fieldViolations: [{ field: 'page_token', description }],
  });
}
