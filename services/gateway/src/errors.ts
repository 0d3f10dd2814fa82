import { AppError } from '@gantry/errors';

const DOMAIN = 'gateway';
/** The edge is full for as long as the slowest requests in flight take; a second is a fair guess. */
const OVERLOAD_RETRY_AFTER_MS = 1_000;
/** While the audit log cannot be written it is tried again at least once a second. */
const AUDIT_RETRY_AFTER_MS = 1_000;
/** What a client sent is repeated to it, but not at any length. */
const QUOTED_CHARACTERS_MAX = 100;

/** The body is not JSON that can be read. */
export function parseError(problem: string): AppError {
  return new AppError({ code: 'INVALID_ARGUMENT', reason: 'PARSE_ERROR', domain: DOMAIN, message: problem });
}

/** The JSON is not a JSON-RPC 2.0 request. */
export function requestInvalid(problem: string): AppError {
  return new AppError({ code: 'INVALID_ARGUMENT', reason: 'REQUEST_INVALID', domain: DOMAIN, message: problem });
}

/** A parameter is missing or of the wrong type. */
export function paramsInvalid(field: string, expectation: string): AppError {
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'PARAMS_INVALID',
    domain: DOMAIN,
    message: `${field} ${expectation}`,
    fieldViolations: [{ field, description: expectation }],
  });
}

/** There is no such method. */
export function methodNotFound(method: string): AppError {
  return new AppError({
    code: 'UNIMPLEMENTED',
    reason: 'METHOD_NOT_FOUND',
    domain: DOMAIN,
    message: `there is no method "${quoted(method)}"; docs/native-dialect.md and docs/mcp.md list the methods`,
    metadata: { method: quoted(method) },
  });
}

/** The method is planned but not there yet. */
export function methodNotYetAvailable(method: string, instead: string): AppError {
  return new AppError({
    code: 'UNIMPLEMENTED',
    reason: 'METHOD_NOT_YET_AVAILABLE',
    domain: DOMAIN,
    message: `${method} comes with a later version; ${instead}`,
    metadata: { method },
  });
}

/** The request came without a credential that could be tried. */
export function credentialMissing(): AppError {
  return new AppError({
    code: 'UNAUTHENTICATED',
    reason: 'CREDENTIAL_MISSING',
    domain: DOMAIN,
    message: 'this needs an API key; send it as "authorization: Bearer <API key>"',
  });
}

/** The credential does not look like an API key. */
export function credentialInvalid(): AppError {
  return new AppError({
    code: 'UNAUTHENTICATED',
    reason: 'CREDENTIAL_INVALID',
    domain: DOMAIN,
    message: 'the API key is not valid; check that it was copied whole',
  });
}

/** The principal has no permission of this kind. */
export function permissionDenied(resource: string, action: string): AppError {
  const requiredPermission = `${resource}:${action}`;
  return new AppError({
    code: 'PERMISSION_DENIED',
    reason: 'PERMISSION_DENIED',
    domain: DOMAIN,
    message: `this needs the permission ${requiredPermission}; ask an administrator of your tenant for it`,
    metadata: { resource, requiredPermission },
  });
}

/** The credential has used up its requests for now. */
export function rateLimited(perMinute: number, retryAfterMs: number): AppError {
  return new AppError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'RATE_LIMIT_EXCEEDED',
    domain: DOMAIN,
    message: `more than ${perMinute} requests a minute; wait ${retryAfterMs} ms and try again`,
    retryAfterMs,
  });
}

/** The edge has as much to do, or to hold, as it may have. */
export function overloaded(problem = 'the gateway has too much to do; wait a moment and try again'): AppError {
  return new AppError({
    code: 'UNAVAILABLE',
    reason: 'GATEWAY_OVERLOADED',
    domain: DOMAIN,
    message: problem,
    retryAfterMs: OVERLOAD_RETRY_AFTER_MS,
  });
}

/** The audit log cannot be written, and without an event nothing may be answered. `mayHaveRun`: the request was executed. */
export function auditUnavailable({ mayHaveRun }: { readonly mayHaveRun: boolean }): AppError {
  return new AppError({
    code: 'UNAVAILABLE',
    reason: 'AUDIT_UNAVAILABLE',
    domain: DOMAIN,
    message: mayHaveRun
      ? 'the request may have been carried out, but the audit log cannot be written; look before you send it again'
      : 'nothing was done, because the audit log cannot be written; try again in a moment',
    metadata: { mayHaveRun: String(mayHaveRun) },
    ...(mayHaveRun ? {} : { retryAfterMs: AUDIT_RETRY_AFTER_MS }),
  });
}

/** The client speaks a revision that is not spoken here. `supported` are the revisions that are. */
export function protocolVersionUnsupported(requested: string, supported: readonly string[]): AppError {
  return new AppError({
    code: 'FAILED_PRECONDITION',
    reason: 'PROTOCOL_VERSION_UNSUPPORTED',
    domain: DOMAIN,
    message: `the protocol version "${quoted(requested)}" is not supported here; use ${supported.join(' or ')}`,
    metadata: { requested: quoted(requested), supported: supported.join(' ') },
  });
}

/** The client wants to speak a revision on a connection that is spoken over HTTP only; there it has no data, but a message. */
export function protocolVersionNeedsHttp(requested: string, supported: readonly string[]): AppError {
  return new AppError({
    code: 'FAILED_PRECONDITION',
    reason: 'PROTOCOL_VERSION_UNSUPPORTED',
    domain: DOMAIN,
    message: `the protocol version "${requested}" is spoken over HTTP only; use that, or ${supported.join(' or ')}`,
    metadata: { requested, supported: supported.join(' ') },
  });
}

/** What a request of a stateless revision says about itself in `params._meta` is missing or malformed. */
export function envelopeInvalid(member: string, expectation: string): AppError {
  const field = member === '' ? 'params._meta' : `params._meta["${member}"]`;
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'ENVELOPE_INVALID',
    domain: DOMAIN,
    message: `${field} ${expectation}`,
    fieldViolations: [{ field, description: expectation }],
  });
}

/** A header that must say the same as the body is missing, malformed or says something else. */
export function headerMismatch(header: string, expectation: string): AppError {
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'HEADER_MISMATCH',
    domain: DOMAIN,
    message: `the ${header} header ${expectation}`,
    fieldViolations: [{ field: header, description: expectation }],
  });
}

/** The client does not take both kinds of answers that a stateless revision may come to. */
export function acceptHeaderInvalid(): AppError {
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'ACCEPT_HEADER_INVALID',
    domain: DOMAIN,
    message: 'answers come as JSON or as an event stream; send "accept: application/json, text/event-stream"',
  });
}

/** The MCP-Protocol-Version header names no revision. */
export function versionHeaderInvalid(requested: string, supported: readonly string[]): AppError {
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'PROTOCOL_VERSION_INVALID',
    domain: DOMAIN,
    message: `the MCP-Protocol-Version header "${quoted(requested)}" is not supported; use ${supported.join(' or ')}`,
    metadata: { requested: quoted(requested), supported: supported.join(' ') },
  });
}

/** The body is longer than it may be. */
export function bodyTooLarge(bytesMax: number): AppError {
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'BODY_TOO_LARGE',
    domain: DOMAIN,
    message: `a request body may have at most ${bytesMax} bytes; send less at a time`,
  });
}

/** The body is declared to be something else than plain JSON. */
export function contentTypeUnsupported(problem: string): AppError {
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'CONTENT_TYPE_UNSUPPORTED',
    domain: DOMAIN,
    message: problem,
  });
}

/** The request comes from a web page that may not call. */
export function originForbidden(): AppError {
  return new AppError({
    code: 'PERMISSION_DENIED',
    reason: 'ORIGIN_FORBIDDEN',
    domain: DOMAIN,
    message: 'web pages of this origin may not call; an operator can add it to GATEWAY_ALLOWED_ORIGINS',
  });
}

/** The request calls a gateway that is for this machine by a name that is not this machine's. */
export function hostForbidden(): AppError {
  return new AppError({
    code: 'PERMISSION_DENIED',
    reason: 'HOST_FORBIDDEN',
    domain: DOMAIN,
    message:
      'this gateway is called localhost; an operator can add the origin of another name to GATEWAY_ALLOWED_ORIGINS',
  });
}

/** The request names its host more than once. */
export function hostHeaderInvalid(): AppError {
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'HOST_HEADER_INVALID',
    domain: DOMAIN,
    message: 'a request has exactly one Host header',
  });
}

/** A backend did not take the assertion that the request was sent with. */
export function assertionRefused(cause: AppError): AppError {
  return new AppError({
    code: 'UNAVAILABLE',
    reason: 'ASSERTION_REFUSED',
    domain: DOMAIN,
    message: 'a service did not accept the identity it was shown; try again',
    cause,
  });
}

/** The tool ran and failed; `contentJson` holds its MCP content blocks. */
export function toolFailed(name: string, contentJson: string): AppError {
  return new AppError({
    code: 'FAILED_PRECONDITION',
    reason: 'TOOL_EXECUTION_FAILED',
    domain: DOMAIN,
    message: `the tool "${quoted(name)}" ran and failed; data.content says why`,
    metadata: { contentJson },
  });
}

/** The connection watches as many resources as it may. */
export function subscriptionLimitReached(subscriptionsMax: number): AppError {
  return new AppError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'SUBSCRIPTION_LIMIT_REACHED',
    domain: DOMAIN,
    message: `a connection has at most ${subscriptionsMax} subscriptions; end one with resources/unsubscribe`,
  });
}

/** The gateway stops. What a connection has not answered when it ends with this was not begun. */
export function gatewayDraining(): AppError {
  return new AppError({
    code: 'UNAVAILABLE',
    reason: 'GATEWAY_DRAINING',
    domain: DOMAIN,
    message: 'the gateway stops; connect again, and send again what has no answer',
  });
}

/** The key of a connection was revoked while it was open. */
export function credentialRevoked(): AppError {
  return new AppError({
    code: 'UNAUTHENTICATED',
    reason: 'CREDENTIAL_REVOKED',
    domain: DOMAIN,
    message: 'the API key is not valid any more',
  });
}

/** The client of a connection does not read what it is sent. */
export function responsesUnread(): AppError {
  return new AppError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'RESPONSES_UNREAD',
    domain: DOMAIN,
    message: 'answers are not read; read while you send',
  });
}

/** The client of a connection has sent more than may wait. */
export function messagesQueued(): AppError {
  return new AppError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'MESSAGES_QUEUED',
    domain: DOMAIN,
    message: 'too many messages at once',
  });
}

/** The client of a connection did not answer a ping. */
export function pingUnanswered(): AppError {
  return new AppError({
    code: 'DEADLINE_EXCEEDED',
    reason: 'PING_UNANSWERED',
    domain: DOMAIN,
    message: 'a ping was not answered; answer each',
  });
}

/** There are as many sessions as there may be. */
export function sessionLimitReached(owner: 'API key' | 'gateway', sessionsMax: number): AppError {
  return new AppError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'SESSION_LIMIT_REACHED',
    domain: DOMAIN,
    message: `the ${owner} has ${sessionsMax} sessions, which is the most; close one, or send more over each`,
  });
}

/** A frame of a session holds more than it may. */
export function sessionFrameInvalid(messagesMax: number): AppError {
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'SESSION_FRAME_INVALID',
    domain: DOMAIN,
    message: `a frame holds at most ${messagesMax} messages; split it`,
  });
}

/** A session has lived as long as it may. What it has not answered when it ends with this was not begun. */
export function sessionAged(): AppError {
  return new AppError({
    code: 'UNAVAILABLE',
    reason: 'SESSION_AGED',
    domain: DOMAIN,
    message: 'sessions end now and then so that load spreads; connect again, and send again what has no answer',
  });
}

/** What was asked for does not fit into one message of the connection. */
export function responseTooLarge(bytesMax: number): AppError {
  return new AppError({
    code: 'OUT_OF_RANGE',
    reason: 'RESPONSE_TOO_LARGE',
    domain: DOMAIN,
    message: `the response would have more than ${bytesMax} bytes; ask for less at a time`,
  });
}

/** The answers to a batch are longer together than they may be. `mayHaveRun`: the request was executed. */
export function batchAnswerTooLarge({ mayHaveRun }: { readonly mayHaveRun: boolean }): AppError {
  return new AppError({
    code: 'OUT_OF_RANGE',
    reason: 'BATCH_ANSWER_TOO_LARGE',
    domain: DOMAIN,
    message: mayHaveRun
      ? 'the request was carried out, but the answers to its batch are too long together; send fewer in a batch, or one by one'
      : 'nothing was done, because the answers to the batch are too long together; send fewer in a batch, or one by one',
    metadata: { mayHaveRun: String(mayHaveRun) },
  });
}

/** auth's policy stream is not live; for the readiness report. */
export function policyStreamDown(): AppError {
  return new AppError({
    code: 'UNAVAILABLE',
    reason: 'POLICY_STREAM_DOWN',
    domain: DOMAIN,
    message: 'the policy stream of auth is not live; credentials are asked for again every second',
  });
}

/** A backend broke its contract. */
export function backendBrokeContract(service: string, problem: string): AppError {
  return new AppError({
    code: 'INTERNAL',
    reason: 'BACKEND_CONTRACT_BROKEN',
    domain: DOMAIN,
    message: 'internal error',
    cause: new Error(`${service}: ${problem}`),
  });
}

function quoted(text: string): string {
  return text.length <= QUOTED_CHARACTERS_MAX ? text : `${text.slice(0, QUOTED_CHARACTERS_MAX)}…`;
}
