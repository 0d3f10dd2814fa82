import { hash } from 'node:crypto';

import type { AppError, StatusCode } from '@gantry/errors';
import type { Principal } from '@gantry/identity';
import { AuditOutcome } from '@gantry/protocol/gantry/auth/v1/audit_service';

import type { RecordedRequest } from '../clients/recorded-request.ts';
import type { Call, Message } from '../json-rpc/message.ts';
import { isObject } from '../json-rpc/parse-message.ts';
import type { MethodTable } from '../methods/method-table.ts';
import type { Arrival } from './arrival.ts';

/** A message that has been dealt with. */
export interface Outcome {
  /** Undefined when nothing could be read. */
  readonly message: Message | undefined;
  readonly arrival: Arrival;
  /** Undefined when none was established. */
  readonly principal: Principal | undefined;
  /** Undefined when it went well. */
  readonly error: AppError | undefined;
  /** What its client was told instead of what came of it, which it does not change. */
  readonly withheld: AppError | undefined;
  readonly traceId: string;
  readonly durationMs: number;
  readonly endedAtMs: number;
}

/** Returns what the audit event of a message says. Of the parameters it holds a hash only. */
export function toRecordedRequest(outcome: Outcome, methods: MethodTable): RecordedRequest {
  const { message, arrival, principal = nobody, error, withheld, durationMs } = outcome;
  const call = message?.kind === 'call' ? message : undefined;
  return {
    occurredAtMs: outcome.endedAtMs - durationMs,
    tenantId: principal.tenantId,
    userId: principal.userId,
    credentialId: principal.credentialId,
    method: call?.method ?? '',
    target: call === undefined ? '' : targetOf(call, methods),
    outcome: toAuditOutcome(error?.code),
    reason: (error ?? withheld)?.reason ?? '',
    paramsSha256: call === undefined || call.paramsText === '' ? '' : hash('sha256', call.paramsText, 'binary'),
    durationMs,
    traceId: outcome.traceId,
    requestId: arrival.requestId,
    transport: arrival.transport,
    clientAddress: arrival.clientAddress,
  };
}

const nobody = { tenantId: '', userId: '', credentialId: '' };

function targetOf({ method, params }: Call, methods: MethodTable): string {
  const name = methods.get(method)?.targetParam;
  const target = name !== undefined && isObject(params) ? params[name] : undefined;
  return typeof target === 'string' ? target : '';
}

function toAuditOutcome(code: StatusCode | undefined): AuditOutcome {
  if (code === undefined) return AuditOutcome.AUDIT_OUTCOME_SUCCESS;
  if (code === 'UNAUTHENTICATED' || code === 'PERMISSION_DENIED') return AuditOutcome.AUDIT_OUTCOME_DENIED;
  return AuditOutcome.AUDIT_OUTCOME_FAILURE;
}
