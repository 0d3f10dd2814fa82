import type { CreateApiKeyRequest, RotateApiKeyRequest } from '@gantry/protocol/gantry/auth/v1/key_service';

import {
  isApiKeyId,
  LIFETIME_MAX_MS,
  NAME_CHARACTERS_MAX,
  OVERLAP_MAX_MS,
  REQUESTS_PER_MINUTE_MAX,
} from '../domain/api-key.ts';
import type { NewApiKey } from '../domain/create-api-key.ts';
import type { Rotation } from '../domain/rotate-api-key.ts';
import { apiKeyNotFound } from '../errors.ts';
import { isPrintable, requireValid, rolesChecks, userIdCheck } from './field-checks.ts';

type Duration = NonNullable<CreateApiKeyRequest['lifetime']>;

const MS_PER_SECOND = 1_000;
const NANOS_PER_MS = 1_000_000;

export function newApiKeyFromProto(request: CreateApiKeyRequest): NewApiKey {
  const { name, roles, requestsPerMinute } = request;
  const userId = request.userId === '' ? userNamedAfter(name) : request.userId;
  const lifetimeMs = request.lifetime === undefined ? undefined : durationMs(request.lifetime);
  requireValid([
    ['name', isPrintable(name, NAME_CHARACTERS_MAX), `must be 1 to ${NAME_CHARACTERS_MAX} printable characters`],
    userIdCheck('user_id', userId),
    ...rolesChecks('roles', roles),
    ['lifetime', isWithin(lifetimeMs, 1, LIFETIME_MAX_MS), 'must be longer than nothing and at most 3,650 days'],
    [
      'requests_per_minute',
      isWithin(requestsPerMinute, 0, REQUESTS_PER_MINUTE_MAX),
      `must be at most ${REQUESTS_PER_MINUTE_MAX}; 0 means unlimited`,
    ],
  ]);
  return { name, userId, roles: [...new Set(roles)].toSorted(), lifetimeMs, requestsPerMinute };
}

export function rotationFromProto({ keyId, overlap }: RotateApiKeyRequest): Rotation {
  const overlapMs = overlap === undefined ? 0 : durationMs(overlap);
  requireValid([['overlap', isWithin(overlapMs, 0, OVERLAP_MAX_MS), 'must be at most 7 days, and not negative']]);
  return { keyId: keyIdFromProto(keyId), overlapMs };
}

/** An id that cannot be one belongs to no key. */
export function keyIdFromProto(keyId: string): string {
  if (!isApiKeyId(keyId)) throw apiKeyNotFound(isPrintable(keyId, NAME_CHARACTERS_MAX) ? keyId : '');
  return keyId;
}

function userNamedAfter(name: string): string {
  return name.trim().replaceAll(/\s+/g, '-');
}

function isWithin(value: number | undefined, min: number, max: number): boolean {
  return value === undefined || (value >= min && value <= max);
}

/** Beyond 2^53 seconds it is not exact any more, and refused anyway. */
function durationMs({ seconds, nanos }: Duration): number {
  return Number(seconds) * MS_PER_SECOND + Math.ceil(nanos / NANOS_PER_MS);
}
