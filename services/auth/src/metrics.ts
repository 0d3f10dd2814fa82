import { isAppError } from '@gantry/errors';
import type { Registry } from '@gantry/telemetry';
import { Counter, Gauge } from 'prom-client';

import type { AuditBatch } from './domain/audit-batch.ts';
import type { AuditOutcome } from './domain/audit-event.ts';

/** What auth counts besides its RPCs. */
export interface AuthMetrics {
  /** Counts how an authentication ends: `success`, or the reason of its error. */
  observeAuthentication<T>(authenticate: () => Promise<T>): Promise<T>;
  countAuditEvents(batch: AuditBatch): void;
  /** Shows how many policy streams are open. */
  watchPolicyStreams(count: () => number): void;
}

/** Creates the metrics of auth on a registry. */
export function createAuthMetrics(registry: Registry): AuthMetrics {
  const authentications = new Counter({
    name: 'gantry_auth_authentications_total',
    help: 'Credentials presented, by outcome: success, or the reason they were refused.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const auditEvents = new Counter({
    name: 'gantry_auth_audit_events_total',
    help: 'Audit events stored, by outcome of what they record.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  return {
    async observeAuthentication(authenticate) {
      try {
        const result = await authenticate();
        authentications.inc({ outcome: 'success' });
        return result;
      } catch (error) {
        authentications.inc({ outcome: isAppError(error) ? error.reason : 'INTERNAL' });
        throw error;
      }
    },
    countAuditEvents(batch) {
      const counts: Record<AuditOutcome, number> = { success: 0, denied: 0, failure: 0 };
      for (let event = 0; event < batch.size; event += 1) counts[batch.outcomeOf(event)] += 1;
      for (const [outcome, count] of Object.entries(counts)) auditEvents.inc({ outcome }, count);
    },
    watchPolicyStreams(count) {
      const gauge: Gauge = new Gauge({
        name: 'gantry_auth_policy_streams',
        help: 'Policy streams that are open.',
        registers: [registry],
        collect: () => gauge.set(count()),
      });
    },
  };
}
