import type { Principal } from '@gantry/identity';
import { PER_MINUTE_MAX, type RateLimiter } from '@gantry/rate-limit';

import { rateLimited } from '../errors.ts';

/**
 * Takes one request from what the credential may send.
 *
 * @throws {AppError} RATE_LIMIT_EXCEEDED.
 */
export async function limitRate(limiter: RateLimiter, principal: Principal): Promise<void> {
  const { requestsPerMinute, tenantId, credentialId } = principal;
  if (requestsPerMinute === 0) return;
  const perMinute = Math.min(requestsPerMinute, PER_MINUTE_MAX);
  const { allowed, retryAfterMs } = await limiter.take(`${tenantId}/${credentialId}`, { perMinute });
  if (!allowed) throw rateLimited(perMinute, retryAfterMs);
}
