import type { AppError } from '@gantry/errors';
import { AppendAuditEventsRequest, type AuditEvent, AuditOutcome } from '@gantry/protocol/gantry/auth/v1/audit_service';
import { createLogger, createMetricsRegistry } from '@gantry/telemetry';

import { type AuditMode, createAuditSpool } from '../src/clients/audit-spool.ts';
import type { RecordedRequest } from '../src/clients/recorded-request.ts';
import { createGatewayMetrics } from '../src/metrics.ts';

/** A request that was executed, told from others by its request id. */
export function recorded(requestId: number | string, more: Partial<RecordedRequest> = {}): RecordedRequest {
  return {
    occurredAtMs: Date.UTC(2026, 0, 1),
    tenantId: 'default',
    userId: 'ann',
    credentialId: '',
    method: 'ping',
    target: '',
    outcome: AuditOutcome.AUDIT_OUTCOME_SUCCESS,
    reason: '',
    paramsSha256: '',
    durationMs: 1,
    traceId: '',
    requestId: String(requestId),
    transport: 'http',
    clientAddress: '',
    ...more,
  };
}

/** An append that the test answers by hand. */
export interface HeldAppend {
  readonly requestIds: readonly string[];
  answer(error?: AppError): void;
}

/** Options of auditWorld. */
export interface AuditWorldOptions {
  readonly durableWithinMs?: number;
  /** Called with what is appended; what it throws is answered. */
  readonly onAppend?: (events: readonly AuditEvent[]) => void;
}

/** A spool before an audit service that takes, fails or holds what it is sent. */
export function auditWorld(mode: AuditMode, { durableWithinMs, onAppend }: AuditWorldOptions = {}) {
  const batches: (readonly string[])[] = [];
  const stored: AuditEvent[] = [];
  const held: HeldAppend[] = [];
  const lines: string[] = [];
  let failure: AppError | undefined;
  let isHolding = false;
  const metrics = createGatewayMetrics(createMetricsRegistry({ service: 'gateway' }), new Set());
  const hold = (requestIds: readonly string[]) =>
    new Promise<void>((resolve, reject) => {
      held.push({ requestIds, answer: (error) => (error === undefined ? resolve() : reject(error)) });
    });
  const spool = createAuditSpool({
    mode,
    // Retries come at once.
    random: () => 0,
    ...(durableWithinMs === undefined ? {} : { durableWithinMs }),
    audit: {
      appendAuditEvents: async (bytes) => {
        const { events } = AppendAuditEventsRequest.decode(bytes);
        const requestIds = events.map(({ requestId }) => requestId);
        if (isHolding) await hold(requestIds);
        else if (failure !== undefined) throw failure;
        onAppend?.(events);
        batches.push(requestIds);
        stored.push(...events);
        return { stored: events.length };
      },
    },
    metrics,
    logger: createLogger({
      service: 'gateway',
      level: 'info',
      destination: { write: (line) => void lines.push(line) },
    }),
  });
  return {
    spool,
    /** The request ids of each batch that was stored. */
    batches,
    stored,
    /** The appends that are held, oldest first. */
    held,
    lines,
    metrics,
    fail: (error: AppError | undefined) => {
      failure = error;
    },
    hold: (holding: boolean) => {
      isHolding = holding;
    },
    dropped: async () =>
      Object.fromEntries((await metrics.auditDropped.get()).values.map(({ labels, value }) => [labels.kind, value])),
    flush: () => spool.flush(AbortSignal.timeout(5_000)),
  };
}
