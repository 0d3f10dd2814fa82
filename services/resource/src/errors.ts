import { AppError } from '@gantry/errors';

const DOMAIN = 'resource';
/** Watches end as clients go; a second later there may be room. */
const WATCH_RETRY_AFTER_MS = 1_000;
/** A scheme of the internet has at most a dozen characters; more of it does not help whoever mistyped it. */
const QUOTED_SCHEME_CHARACTERS_MAX = 64;
/** Enough to recognise a URI by. What is quoted may be percent-encoded threefold, and all of it has to fit into trailers. */
const QUOTED_URI_CHARACTERS_MAX = 200;

/** The URI cannot be understood; `problem` says what to change. */
export function resourceUriInvalid(problem: string, cause?: unknown): AppError {
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'RESOURCE_URI_INVALID',
    domain: DOMAIN,
    message: `the uri is not valid: ${problem}`,
    fieldViolations: [{ field: 'uri', description: problem }],
    cause,
  });
}

/** No connector serves the scheme. */
export function resourceSchemeUnknown(scheme: string, known: readonly string[]): AppError {
  const quoted = quote(scheme, QUOTED_SCHEME_CHARACTERS_MAX);
  const message = `no connector serves the scheme "${quoted}"; use one of ${known.join(', ')}`;
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'RESOURCE_SCHEME_UNKNOWN',
    domain: DOMAIN,
    message,
    metadata: { scheme: quoted },
    fieldViolations: [{ field: 'uri', description: message }],
  });
}

/** There is nothing, it lies outside the roots, or the caller may not read it: the answer does not tell which. */
export function resourceNotFound(uri: string): AppError {
  return new AppError({
    code: 'NOT_FOUND',
    reason: 'RESOURCE_NOT_FOUND',
    domain: DOMAIN,
    message: 'there is no resource at this uri, or you may not read it',
    metadata: { uri: quote(uri, QUOTED_URI_CHARACTERS_MAX) },
  });
}

/** The address, or one the source redirects to, must not be reached from here. */
export function addressForbidden(problem: string): AppError {
  return new AppError({
    code: 'PERMISSION_DENIED',
    reason: 'RESOURCE_ADDRESS_FORBIDDEN',
    domain: DOMAIN,
    message: `${problem}; only public addresses can be read`,
  });
}

/** The source redirects to something else than the web. */
export function redirectSchemeForbidden(scheme: string): AppError {
  return addressForbidden(`the source redirects to the scheme "${quote(scheme, QUOTED_SCHEME_CHARACTERS_MAX)}"`);
}

/** The content is longer than what one read may return. */
export function resourceTooLarge(bytesMax: number): AppError {
  return new AppError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'RESOURCE_TOO_LARGE',
    domain: DOMAIN,
    message: `the resource is longer than ${bytesMax} bytes; read a smaller one`,
    metadata: { bytesMax: String(bytesMax) },
  });
}

/** The tenant has used up its reads of this connector for now. */
export function connectorRateLimited(connector: string, retryAfterMs: number): AppError {
  return new AppError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'CONNECTOR_RATE_LIMITED',
    domain: DOMAIN,
    message: `your tenant reads through the ${connector} connector too often; try again later`,
    metadata: { connector },
    retryAfterMs,
  });
}

/** Facts about a failure of a source. */
export interface UpstreamFailure {
  /** How long to wait, when it is known. */
  readonly retryAfterMs?: number | undefined;
  /** What led to it, for the log. */
  readonly cause?: unknown;
}

/** The source cannot be reached, or answers with a failure of its own. */
export function upstreamUnavailable(problem: string, { retryAfterMs, cause }: UpstreamFailure = {}): AppError {
  return new AppError({
    code: 'UNAVAILABLE',
    reason: 'UPSTREAM_UNAVAILABLE',
    domain: DOMAIN,
    message: `${problem}; try again later`,
    retryAfterMs,
    cause,
  });
}

/** The source did not answer in time. */
export function upstreamTimedOut(cause?: unknown): AppError {
  return new AppError({
    code: 'DEADLINE_EXCEEDED',
    reason: 'UPSTREAM_TIMED_OUT',
    domain: DOMAIN,
    message: 'the source did not answer in time; try again later',
    cause,
  });
}

/** This replica watches as many resources as it can. */
export function watchLimitReached(watchesMax: number): AppError {
  return new AppError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'WATCH_LIMIT_REACHED',
    domain: DOMAIN,
    message: `${watchesMax} resources are being watched already; end a watch, or try again later`,
    retryAfterMs: WATCH_RETRY_AFTER_MS,
  });
}

/** The page size is out of range. */
export function pageSizeInvalid(pageSizeMax: number): AppError {
  const description = `must be 1 to ${pageSizeMax}, or 0 for the default`;
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'PAGE_SIZE_INVALID',
    domain: DOMAIN,
    message: `page_size ${description}`,
    fieldViolations: [{ field: 'page_size', description }],
  });
}

/** The page token is not one of ours. */
export function pageTokenInvalid(): AppError {
  const description = 'must be the next_page_token of an earlier answer, or empty';
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'PAGE_TOKEN_INVALID',
    domain: DOMAIN,
    message: `page_token ${description}`,
    fieldViolations: [{ field: 'page_token', description }],
  });
}

/** This replica is about to stop; another one takes over. */
export function replicaStopping(): AppError {
  return new AppError({
    code: 'UNAVAILABLE',
    reason: 'REPLICA_STOPPING',
    domain: DOMAIN,
    message: 'this replica of the resource service is stopping; watch again to go on at another one',
  });
}

/** Shortens what a stranger wrote, for quoting it: never in the middle of a character. */
function quote(text: string, charactersMax: number): string {
  return text.length <= charactersMax
    ? text.toWellFormed()
    : `${text.slice(0, charactersMax - 1).replace(/[\uD800-\uDBFF]$/, '')}…`.toWellFormed();
}
