import { requirePermission } from '@gantry/identity';
import {
  type AuditEvent,
  AuditEvent as AuditEventCodec,
  AuditServiceDefinition,
} from '@gantry/protocol/gantry/auth/v1/audit_service';
import { type Handlers, unimplemented, withEncodedRequests } from '@gantry/rpc';

import type { AuditStore } from '../domain/ports.ts';
import { auditAppendsExhausted } from '../errors.ts';
import type { AuthMetrics } from '../metrics.ts';
import { auditBatchFromProto, auditQueryFromProto } from './audit-from-proto.ts';
import { auditEventToProto } from './to-proto.ts';

/** Below gRPC's 4 MiB. Full answers of large events get shorter; the client goes on before the last one. */
const RESPONSE_BYTES_MAX = 3 * 1024 * 1024;

/** Batches that are held at a time, waiting for a connection or for Postgres: at most 4 MiB each. */
const APPENDS_MAX = 32;

/** AuditService as it is served: batches come as bytes, because objects of every event would cost the most of it. */
export const auditServiceDefinition = withEncodedRequests(AuditServiceDefinition, 'appendAuditEvents');

/** What the handlers of AuditService need. */
export interface AuditHandlersOptions {
  readonly audit: AuditStore;
  readonly metrics: AuthMetrics;
}

export function createAuditHandlers({ audit, metrics }: AuditHandlersOptions): Handlers<typeof auditServiceDefinition> {
  const { getCheckpoint, getInclusionProof } = unimplemented(AuditServiceDefinition);
  let appends = 0;
  return {
    async appendAuditEvents(request) {
      if (appends >= APPENDS_MAX) throw auditAppendsExhausted(APPENDS_MAX);
      const batch = auditBatchFromProto(request);
      appends += 1;
      try {
        await audit.append(batch);
      } finally {
        appends -= 1;
      }
      metrics.countAuditEvents(batch);
      return { stored: batch.size };
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
