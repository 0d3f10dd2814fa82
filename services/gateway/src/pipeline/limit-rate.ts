import type { AppError } from '@gantry/errors';
import type { Principal } from '@gantry/identity';
import { PER_MINUTE_MAX, type RateDecision, type RateLimiter } from '@gantry/rate-limit';

import { rateLimited } from '../errors.ts';

/** How many requests may go on, the first ones, and why the rest may not. */
export interface Admission {
  readonly granted: number;
  /** RATE_LIMIT_EXCEEDED when fewer were granted than asked for. */
  readonly refusal?: AppError;
}

/** Takes requests from what the credential may send; at once where no server must be asked. */
export function limitRate(
  limiter: RateLimiter,
  principal: Principal,
  requests: number,
): Admission | Promise<Admission> {
  const { requestsPerMinute, tenantId, credentialId } = principal;
  if (requestsPerMinute === 0) return { granted: requests };
  const perMinute = Math.min(requestsPerMinute, PER_MINUTE_MAX);
  const toAdmission = ({ allowed, granted, retryAfterMs }: RateDecision) =>
    allowed ? { granted } : { granted, refusal: rateLimited(perMinute, retryAfterMs) };
  const decision = limiter.take(`${tenantId}/${credentialId}`, { perMinute }, requests);
  return decision instanceof Promise ? decision.then(toAdmission) : toAdmission(decision);
}
