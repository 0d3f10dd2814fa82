import { setTimeout as sleepFor } from 'node:timers/promises';

import { isReason } from '@gantry/errors';
import type { WatchPolicyResponse } from '@gantry/protocol/gantry/auth/v1/policy_service';
import { backoffMs } from '@gantry/resilience';
import type { Logger } from '@gantry/telemetry';

import type { PolicyClient } from './backends.ts';
import type { CredentialCache } from './credential-cache.ts';

/** A stream that broke is opened again at once, and every second while auth is away. */
const BACKOFF = { baseMs: 50, maxMs: 1_000, random: Math.random };

/** Why a stream ends although nothing is broken. */
const ROUTINE_REASONS = ['SHUTTING_DOWN', 'LANE_REPLACED'] as const;

/** What the watch needs. */
export interface PolicyWatchOptions {
  readonly policy: PolicyClient;
  readonly credentials: CredentialCache;
  /** Told of each revoked credential, after it has left the cache. */
  readonly onRevoked: (credentialId: string) => void;
  readonly logger: Logger;
}

/**
 * Follows auth's policy stream and keeps the credential cache current, until disposed. While the stream is broken the
 * cache knows that it is blind, and the stream is opened again, for ever.
 */
export function startPolicyWatch(options: PolicyWatchOptions): AsyncDisposable {
  const controller = new AbortController();
  const done = follow(options, controller.signal);
  return {
    async [Symbol.asyncDispose]() {
      controller.abort();
      await done;
    },
  };
}

async function follow(options: PolicyWatchOptions, signal: AbortSignal): Promise<void> {
  const { credentials, logger } = options;
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    try {
      await listen(options, signal);
    } catch (error) {
      const isNews = credentials.isLive || attempt === 1;
      if (isNews && !signal.aborted) report(logger, error);
    }
    if (credentials.isLive) {
      credentials.setLive(false);
      attempt = 1;
    }
    await sleepFor(backoffMs(attempt, BACKOFF), undefined, { signal }).catch(() => undefined);
  }
}

function report(logger: PolicyWatchOptions['logger'], error: unknown): void {
  // Replicas come and go, and connections are renewed every few minutes; only a stream that broke is worth a look.
  if (ROUTINE_REASONS.some((reason) => isReason(error, reason))) {
    logger.info('the policy stream ended with its replica or its connection, it is opened again');
  } else logger.warn({ err: error }, 'the policy stream broke, it is opened again');
}

async function listen(options: PolicyWatchOptions, signal: AbortSignal): Promise<void> {
  for await (const { change } of options.policy.watchPolicy({}, { signal })) {
    if (change?.$case === 'ready') options.logger.info('the policy stream is live');
    apply(change, options);
  }
}

function apply(change: WatchPolicyResponse['change'], { credentials, onRevoked }: PolicyWatchOptions): void {
  switch (change?.$case) {
    case 'ready':
      return credentials.setLive(true);
    case 'credentialRevoked':
      credentials.evictCredential(change.value.credentialId);
      return onRevoked(change.value.credentialId);
    case 'tenantPolicyChanged':
      return credentials.evictTenant(change.value.tenantId);
    case undefined:
      // A change of a later version: it may end the use of anything.
      return credentials.setLive(true);
    default:
      return change satisfies never;
  }
}
