import { requirePermission } from '@gantry/identity';
import {
  type AuditEvent,
  AuditEvent as AuditEventCodec,
  AuditServiceDefinition,
} from '@gantry/protocol/gantry/auth/v1/audit_service';
import { type Handlers, unimplemented } from '@gantry/rpc';

import type { AuditStore } from '../domain/ports.ts';
import type { AuthMetrics } from '../metrics.ts';
import { auditEventsFromProto, auditQueryFromProto } from './audit-from-proto.ts';
import { auditEventToProto } from './to-proto.ts';

/** Below gRPC's 4 MiB. Full answers of large events get shorter; the client goes on before the last one. */
const RESPONSE_BYTES_MAX = 3 * 1024 * 1024;

/** What the handlers of AuditService need. */
export interface AuditHandlersOptions {
  readonly audit: AuditStore;
  readonly metrics: AuthMetrics;
}

export function createAuditHandlers({ audit, metrics }: AuditHandlersOptions): Handlers<AuditServiceDefinition> {
  const { getCheckpoint, getInclusionProof } = unimplemented(AuditServiceDefinition);
  return {
    async appendAuditEvents(request) {
      const events = auditEventsFromProto(request);
      await audit.append(events);
      metrics.countAuditEvents(events);
      return { stored: events.length };
    },

    async queryAuditEvents(request, { principal }) {
      requirePermission(principal, 'audit', 'read');
      const events = await audit.list(auditQueryFromProto(request, principal.tenantId));
      return { events: withinResponse(events.map(auditEventToProto)) };
    },

    getCheckpoint,
    getInclusionProof,
  };
}

function withinResponse(events: readonly AuditEvent[]): readonly AuditEvent[] {
  let bytes = 0;
  const end = events.findIndex((event) => {
    bytes += AuditEventCodec.encode(event).finish().length;
    return bytes > RESPONSE_BYTES_MAX;
  });
  return end === -1 ? events : events.slice(0, end);
}
