/** The contract's limit of a batch. */
export const AUDIT_EVENTS_PER_BATCH_MAX = 1_000;

/** The contract's limit of one event, encoded. */
export const AUDIT_EVENT_BYTES_MAX = 16 * 1_024;

/** QueryAuditEvents's limits. */
export const AUDIT_EVENTS_LISTED_MAX = 1_000;
export const AUDIT_EVENTS_LISTED_DEFAULT = 100;

/** How a request ended. */
export type AuditOutcome = 'success' | 'denied' | 'failure';

/** One thing that happened. */
export interface AuditEvent {
  /** A UUID of the sender. */
  readonly eventId: string;
  readonly occurredAtMs: number;
  /** Empty, as the next two, when no principal was established. */
  readonly tenantId: string;
  readonly userId: string;
  readonly credentialId: string;
  readonly method: string;
  readonly target: string;
  readonly outcome: AuditOutcome;
  readonly reason: string;
  /** 32 bytes, or none. */
  readonly paramsSha256: Uint8Array;
  readonly durationMicros: bigint;
  readonly traceId: string;
  readonly requestId: string;
  readonly transport: string;
  readonly clientAddress: string;
}

/** Which events to read. */
export interface AuditQuery {
  readonly tenantId: string;
  readonly beforeMs: number | undefined;
  readonly limit: number;
  readonly method: string | undefined;
  readonly outcome: AuditOutcome | undefined;
}
