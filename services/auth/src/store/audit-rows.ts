import { COPY_COLUMN_BYTES, COPY_FRAME_BYTES, COPY_ROW_BYTES, CopyRows } from '@gantry/postgres';

import { type AuditBatch, auditPartIndexes as part } from '../domain/audit-batch.ts';
import type { AuditOutcome } from '../domain/audit-event.ts';

/** The columns of a row, in the order that {@link toAuditRows} writes them. */
export const AUDIT_COLUMNS = [
  'tenant_id',
  'event_id',
  'occurred_at',
  'user_id',
  'credential_id',
  'method',
  'target',
  'outcome',
  'reason',
  'params_sha256',
  'duration_micros',
  'trace_id',
  'request_id',
  'transport',
  'client_address',
].join(', ');

const COLUMNS = 15;
/** A UUID has fewer bytes than its text, which is part of the batch; two 64-bit numbers and the outcome are not. */
const ROW_BYTES = COPY_ROW_BYTES + COLUMNS * COPY_COLUMN_BYTES + 2 * 8 + 'success'.length;

const outcomeBytes: Readonly<Record<AuditOutcome, Buffer>> = {
  success: Buffer.from('success'),
  denied: Buffer.from('denied'),
  failure: Buffer.from('failure'),
};

/** The most bytes that the rows of a batch have. */
export function auditRowsBytesMax(batch: AuditBatch): number {
  return COPY_FRAME_BYTES + batch.size * ROW_BYTES + batch.bytes.length;
}

/** Writes the rows of a batch into a buffer, as copyIn takes them. */
export function toAuditRows(batch: AuditBatch, buffer: Buffer): Buffer {
  const rows = new CopyRows(buffer);
  for (let event = 0; event < batch.size; event += 1) writeRow(rows, batch, event);
  return rows.finish();
}

function writeRow(rows: CopyRows, batch: AuditBatch, event: number): void {
  const write = (index: number) => rows.bytes(batch.bytes, batch.beginOf(event, index), batch.endOf(event, index));
  const outcome = outcomeBytes[batch.outcomeOf(event)];
  rows.row(COLUMNS);
  write(part.tenantId);
  rows.uuid(batch.bytes, batch.beginOf(event, part.eventId));
  rows.timestamp(batch.occurredAtMsOf(event));
  write(part.userId);
  write(part.credentialId);
  write(part.method);
  write(part.target);
  rows.bytes(outcome, 0, outcome.length);
  write(part.reason);
  write(part.paramsSha256);
  rows.int64(batch.durationMicrosOf(event));
  write(part.traceId);
  write(part.requestId);
  write(part.transport);
  write(part.clientAddress);
}
