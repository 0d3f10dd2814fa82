import { AppError, type FieldViolation } from '@gantry/errors';

import { builtInRoles } from './domain/role.ts';

const RETRY_AFTER_MS = 1_000;

const builtInNames = builtInRoles.map(({ name }) => name).join(', ');

/** The credential is not one of ours. The same for a malformed key, an unknown id and a wrong secret. */
export function credentialInvalid(): AppError {
  return new AppError({
    code: 'UNAUTHENTICATED',
    reason: 'CREDENTIAL_INVALID',
    message: 'the credential is not valid; check that the whole API key is sent as a bearer token',
  });
}

/** The secret is right, and its time has passed. */
export function credentialExpired(): AppError {
  return new AppError({
    code: 'UNAUTHENTICATED',
    reason: 'CREDENTIAL_EXPIRED',
    message: 'the credential has expired; ask an administrator of your tenant for a new API key',
  });
}

/** The secret is right, and somebody ended the key. */
export function credentialRevoked(): AppError {
  return new AppError({
    code: 'UNAUTHENTICATED',
    reason: 'CREDENTIAL_REVOKED',
    message: 'the credential was revoked; ask an administrator of your tenant for a new API key',
  });
}

/** Fields of a request are wrong. */
export function requestInvalid(fieldViolations: readonly FieldViolation[]): AppError {
  const [first] = fieldViolations;
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'AUTH_REQUEST_INVALID',
    message: first === undefined ? 'the request is not valid' : `${first.field} ${first.description}`,
    fieldViolations,
  });
}

/** Somebody would give away a permission that they lack. */
export function permissionEscalation(permission: string): AppError {
  return new AppError({
    code: 'PERMISSION_DENIED',
    reason: 'PERMISSION_ESCALATION',
    message: `you cannot give away ${permission}, because you do not have it yourself`,
    metadata: { requiredPermission: permission },
  });
}

/** Somebody would change a user or a role that may do more than they may. */
export function targetOutranksCaller(target: 'user' | 'role', permission: string): AppError {
  return new AppError({
    code: 'PERMISSION_DENIED',
    reason: 'PERMISSION_ESCALATION',
    message: `you cannot change this, because the ${target} has ${permission} and you do not; ask an administrator of your tenant`,
    metadata: { requiredPermission: permission },
  });
}

/** Somebody would hand out a key that may ask more often than their own. */
export function rateEscalation(requestsPerMinute: number, ownRequestsPerMinute: number): AppError {
  const wanted = requestsPerMinute === 0 ? 'no limit' : `${requestsPerMinute} requests per minute`;
  return new AppError({
    code: 'PERMISSION_DENIED',
    reason: 'PERMISSION_ESCALATION',
    message: `you cannot hand out a key with ${wanted}, because yours has ${ownRequestsPerMinute}; stay below, or ask an administrator of your tenant`,
    metadata: { requiredPermission: '*:*' },
  });
}

/** Without the key nobody could administrate the cluster any more. */
export function lastAdminKey(keyId: string): AppError {
  return new AppError({
    code: 'FAILED_PRECONDITION',
    reason: 'LAST_ADMIN_KEY',
    message:
      'this is the last working key of a user with *:* in the tenant default, and without it nobody could administrate the cluster; create another such key first',
    metadata: { keyId },
  });
}

/** Something that only the operators of the cluster may do. */
export function operatorsOnly(): AppError {
  return new AppError({
    code: 'PERMISSION_DENIED',
    reason: 'PERMISSION_DENIED',
    message: 'this needs the permission *:* in the tenant default; ask an operator of the cluster',
    metadata: { resource: '*', requiredPermission: '*:*' },
  });
}

/** What a user may do would not fit into an assertion. */
export function permissionsTooLarge(userId: string, bytesMax: number): AppError {
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'PERMISSIONS_TOO_LARGE',
    message: `the roles and permissions of one user may have ${bytesMax} bytes in all; use a wider permission such as tools:execute`,
    metadata: { userId },
  });
}

export function tenantNotFound(tenantId: string): AppError {
  return new AppError({
    code: 'NOT_FOUND',
    reason: 'TENANT_NOT_FOUND',
    message: `there is no tenant named "${tenantId}"`,
    metadata: { tenantId },
  });
}

export function tenantExists(tenantId: string): AppError {
  return new AppError({
    code: 'ALREADY_EXISTS',
    reason: 'TENANT_EXISTS',
    message: `there is a tenant named "${tenantId}" already; choose another id`,
    metadata: { tenantId },
  });
}

export function roleNotFound(name: string): AppError {
  return new AppError({
    code: 'NOT_FOUND',
    reason: 'ROLE_NOT_FOUND',
    message: `there is no role named "${name}" in your tenant; every tenant has ${builtInNames}, and roles/list shows the others`,
    metadata: { role: name },
  });
}

export function roleBuiltIn(name: string): AppError {
  return new AppError({
    code: 'FAILED_PRECONDITION',
    reason: 'ROLE_BUILT_IN',
    message: `the role "${name}" comes with every tenant and stays as it is; make a role of another name`,
    metadata: { role: name },
  });
}

export function rolesExhausted(rolesMax: number): AppError {
  return new AppError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'ROLES_EXHAUSTED',
    message: `a tenant has at most ${rolesMax} roles; delete one that nobody holds`,
  });
}

export function userNotFound(userId: string): AppError {
  return new AppError({
    code: 'NOT_FOUND',
    reason: 'USER_NOT_FOUND',
    message: `there is no user named "${userId}" in your tenant; users/put makes one`,
    metadata: { userId },
  });
}

export function usersExhausted(usersMax: number): AppError {
  return new AppError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'USERS_EXHAUSTED',
    message: `a tenant has at most ${usersMax} users; let keys share a user`,
  });
}

export function apiKeyNotFound(keyId: string): AppError {
  return new AppError({
    code: 'NOT_FOUND',
    reason: 'API_KEY_NOT_FOUND',
    message: `there is no API key with the id "${keyId}" in your tenant`,
    metadata: { keyId },
  });
}

export function apiKeyEnded(keyId: string): AppError {
  return new AppError({
    code: 'FAILED_PRECONDITION',
    reason: 'API_KEY_ENDED',
    message: 'the API key is revoked or has expired and cannot be rotated; create a new one',
    metadata: { keyId },
  });
}

export function apiKeysExhausted(keysMax: number): AppError {
  return new AppError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'API_KEYS_EXHAUSTED',
    message: `a tenant has at most ${keysMax} API keys that work; revoke those that nobody uses`,
  });
}

export function accessTokensUnimplemented(): AppError {
  return new AppError({
    code: 'UNIMPLEMENTED',
    reason: 'ACCESS_TOKENS_UNIMPLEMENTED',
    message: 'access tokens are not available in this version; send an API key',
  });
}

/** Too many policy streams are open on this replica. */
export function watchersExhausted(watchersMax: number): AppError {
  return new AppError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'WATCHERS_EXHAUSTED',
    message: `this replica serves at most ${watchersMax} policy streams; try another one`,
    retryAfterMs: RETRY_AFTER_MS,
  });
}

/** A policy stream is read more slowly than changes come. */
export function watchTooSlow(): AppError {
  return new AppError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'WATCH_TOO_SLOW',
    message: 'the policy stream was read too slowly and changes were lost; drop what is cached and watch again',
  });
}

/** The database did not answer for so long that a change may have been missed. */
export function policyStale(): AppError {
  return new AppError({
    code: 'UNAVAILABLE',
    reason: 'POLICY_STALE',
    message: 'policy changes cannot be followed at the moment; drop what is cached and watch again',
    retryAfterMs: RETRY_AFTER_MS,
  });
}

/** This replica is about to stop. */
export function shuttingDown(): AppError {
  return new AppError({
    code: 'UNAVAILABLE',
    reason: 'SHUTTING_DOWN',
    message: 'this replica is shutting down; watch again on another one',
  });
}

/** As many batches of audit events are being stored as may be held. */
export function auditAppendsExhausted(appendsMax: number): AppError {
  return new AppError({
    code: 'UNAVAILABLE',
    reason: 'AUDIT_APPENDS_EXHAUSTED',
    message: `${appendsMax} batches of audit events are being stored; send it again in a moment`,
    retryAfterMs: RETRY_AFTER_MS,
  });
}
