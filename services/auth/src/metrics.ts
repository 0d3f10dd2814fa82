import { isAppError } from '@gantry/errors';
import type { Registry } from '@gantry/telemetry';
import { Counter, Gauge } from 'prom-client';

import type { AuditEvent } from './domain/audit-event.ts';

/** What auth counts besides its RPCs. */
export interface AuthMetrics {
  /** Counts how an authentication ends: `success`, or the reason of its error. */
  observeAuthentication<T>(authenticate: () => Promise<T>): Promise<T>;
  countAuditEvents(events: readonly AuditEvent[]): void;
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
    countAuditEvents(events) {
      for (const { outcome } of events) auditEvents.inc({ outcome });
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
