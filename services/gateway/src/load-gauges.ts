import type { AuditSpool } from './clients/audit-spool.ts';
import type { CredentialCache } from './clients/credential-cache.ts';
import type { BodyBudget } from './edge/body-budget.ts';
import type { ConnectionLoad } from './edge/connection-load.ts';
import type { ConnectionSet } from './edge/connection-set.ts';
import type { HttpEdge } from './edge/http.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { AnswerBudget } from './pipeline/answer-budget.ts';
import type { Pipeline } from './pipeline/pipeline.ts';

/** What has a load to be shown. */
export interface Loads {
  readonly http: Pick<HttpEdge, 'unsentBytes'>;
  readonly pipeline: Pick<Pipeline, 'inFlight'>;
  readonly connections: Pick<ConnectionSet, 'subscriptionCount' | 'queuedBytes' | 'unsentBytes'>;
  readonly webSockets: Pick<ConnectionLoad, 'bytes'>;
  readonly sessions: Pick<ConnectionLoad, 'connections' | 'requests' | 'bytes'>;
  readonly bodies: Pick<BodyBudget, 'bytes'>;
  readonly answers: Pick<AnswerBudget, 'bytes'>;
  readonly audit: Pick<AuditSpool, 'length' | 'bytes' | 'appendsInFlight' | 'isRefusing'>;
  readonly credentials: Pick<CredentialCache, 'size' | 'isLive'>;
}

/** Shows how much everything that is limited holds. */
export function showLoads({ gauge }: Pick<GatewayMetrics, 'gauge'>, loads: Loads): void {
  const { http, pipeline, connections, webSockets, sessions, bodies, answers, audit, credentials } = loads;
  gauge('gantry_gateway_in_flight', 'Requests being worked on.', () => pipeline.inFlight);
  gauge('gantry_subscriptions', 'Resources that connections follow.', () => connections.subscriptionCount);
  gauge('gantry_gateway_websocket_bytes', 'Bytes of WebSocket messages being worked on.', () => webSockets.bytes);
  gauge('gantry_gateway_sessions', 'Sessions that are open.', () => sessions.connections);
  gauge('gantry_gateway_session_requests', 'Requests of sessions being worked on.', () => sessions.requests);
  gauge('gantry_gateway_session_bytes', 'Bytes that sessions hold.', () => sessions.bytes);
  gauge('gantry_gateway_queued_bytes', 'Bytes of messages that are not begun.', () => connections.queuedBytes);
  gauge('gantry_gateway_body_bytes', 'Bytes of request bodies that are held.', () => bodies.bytes);
  gauge(
    'gantry_gateway_batch_answer_bytes',
    'Bytes of answers to batches that are not whole yet.',
    () => answers.bytes,
  );
  gauge('gantry_gateway_unsent_bytes', 'Bytes of answers that clients have not taken.', () => {
    return http.unsentBytes + connections.unsentBytes;
  });
  gauge('gantry_audit_spool_events', 'Audit events that auth does not have yet.', () => audit.length);
  gauge('gantry_audit_spool_bytes', 'Their bytes.', () => audit.bytes);
  gauge('gantry_audit_appends_in_flight', 'Batches on their way to auth.', () => audit.appendsInFlight);
  gauge('gantry_audit_refusing', '1 while requests are refused for want of an audit log.', () =>
    Number(audit.isRefusing),
  );
  gauge('gantry_credential_cache_entries', 'Credentials whose principal is cached.', () => credentials.size);
  gauge('gantry_policy_stream_live', '1 while revocations are heard of.', () => Number(credentials.isLive));
}
