import type { AuditOutcome } from '@gantry/protocol/gantry/auth/v1/audit_service';

/** What is known of a request that has ended: an audit event that is not encoded yet. */
export interface RecordedRequest {
  readonly occurredAtMs: number;
  /** Empty, as the next two, when no principal was established. */
  readonly tenantId: string;
  readonly userId: string;
  readonly credentialId: string;
  /** As the client sent it, as is `target`. */
  readonly method: string;
  readonly target: string;
  readonly outcome: AuditOutcome;
  readonly reason: string;
  /** Its 32 bytes as characters, which are made at a fifth of what a Buffer costs; empty when there were no parameters. */
  readonly paramsSha256: string;
  readonly durationMs: number;
  readonly traceId: string;
  readonly requestId: string;
  readonly transport: string;
  readonly clientAddress: string;
}
