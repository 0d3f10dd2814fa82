import { hash, randomUUID } from 'node:crypto';

import type { AppError, StatusCode } from '@gantry/errors';
import type { Principal } from '@gantry/identity';
import { type AuditEvent, AuditOutcome } from '@gantry/protocol/gantry/auth/v1/audit_service';

import type { Message } from '../json-rpc/message.ts';
import { isObject } from '../json-rpc/parse-message.ts';
import type { MethodTable } from '../methods/method-table.ts';
import type { Arrival } from './arrival.ts';

/** An event has at most 16 KiB; three bytes a character at worst. */
const METHOD_CHARACTERS_MAX = 200;
const TARGET_CHARACTERS_MAX = 2_048;

const MICROS_PER_MS = 1_000;
const NO_BYTES = new Uint8Array(0);

/** A message that has been dealt with. */
export interface Outcome {
  /** Undefined when nothing could be read. */
  readonly message: Message | undefined;
  readonly arrival: Arrival;
  /** Undefined when none was established. */
  readonly principal: Principal | undefined;
  /** Undefined when it went well. */
  readonly error: AppError | undefined;
  readonly traceId: string;
  readonly durationMs: number;
  readonly endedAtMs: number;
}

/** Returns the audit event of a message. Of the parameters it holds a hash only. */
export function toAuditEvent(outcome: Outcome, methods: MethodTable): AuditEvent {
  const { message, arrival, principal = nobody, error } = outcome;
  return {
    eventId: randomUUID(),
    occurredAt: new Date(outcome.endedAtMs - outcome.durationMs),
    tenantId: principal.tenantId,
    userId: principal.userId,
    credentialId: principal.credentialId,
    ...askedIn(message, methods),
    outcome: toAuditOutcome(error?.code),
    reason: error?.reason ?? '',
    durationMicros: BigInt(Math.round(outcome.durationMs * MICROS_PER_MS)),
    traceId: outcome.traceId,
    requestId: arrival.requestId,
    transport: arrival.transport,
    clientAddress: arrival.clientAddress,
  };
}

const nobody = { tenantId: '', userId: '', credentialId: '' };

function askedIn(message: Message | undefined, methods: MethodTable) {
  if (message?.kind !== 'call') return { method: '', target: '', paramsSha256: NO_BYTES };
  const { method, params, paramsText } = message;
  return {
    method: printable(method, METHOD_CHARACTERS_MAX),
    target: targetOf(params, methods.get(method)?.targetParam),
    paramsSha256: paramsText === '' ? NO_BYTES : hash('sha256', paramsText, 'buffer'),
  };
}

function targetOf(params: unknown, name: string | undefined): string {
  const target = name !== undefined && isObject(params) ? params[name] : undefined;
  return typeof target === 'string' ? printable(target, TARGET_CHARACTERS_MAX) : '';
}

/** Postgres stores no NUL and a person reads no control characters: one such event would hold up all after it. */
function printable(text: string, charactersMax: number): string {
  return text.slice(0, charactersMax).replace(/\p{Cc}|\p{Cs}/gu, '\u{FFFD}');
}

function toAuditOutcome(code: StatusCode | undefined): AuditOutcome {
  if (code === undefined) return AuditOutcome.AUDIT_OUTCOME_SUCCESS;
  if (code === 'UNAUTHENTICATED' || code === 'PERMISSION_DENIED') return AuditOutcome.AUDIT_OUTCOME_DENIED;
  return AuditOutcome.AUDIT_OUTCOME_FAILURE;
}
