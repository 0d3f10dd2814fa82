import { AuditOutcome as ProtoOutcome } from '@gantry/protocol/gantry/auth/v1/audit_service';

import type { AuditOutcome } from '../domain/audit-event.ts';

export const SHA256_BYTES = 32;
/** Postgres counts microseconds in a signed 64-bit number. */
export const DURATION_MICROS_MAX = 2n ** 63n - 1n;
/** Nothing happened before there was a clock to say so; later years do not fit into google.protobuf.Timestamp. */
export const OCCURRED_AT_MIN_MS = Date.UTC(1970, 0, 1);
export const OCCURRED_AT_MAX_MS = Date.UTC(9999, 11, 31);

/** The outcomes of the contract; undefined for those that are not of it. */
export const outcomeByProto: Readonly<Record<number, AuditOutcome | undefined>> = {
  [ProtoOutcome.AUDIT_OUTCOME_SUCCESS]: 'success',
  [ProtoOutcome.AUDIT_OUTCOME_DENIED]: 'denied',
  [ProtoOutcome.AUDIT_OUTCOME_FAILURE]: 'failure',
};
