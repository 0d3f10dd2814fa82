import { randomUUID } from 'node:crypto';

import { AppError } from '@gantry/errors';
import type { Caller, VerifyCaller } from '@gantry/identity';
import { parseTraceparent, type Registry, type Tracing } from '@gantry/telemetry';

import { DeadlineWatch, type Due } from './deadline-watch.ts';
import { grpcMetrics, type MethodRecorder } from './grpc-metrics.ts';
import { metadataKeys } from './metadata-keys.ts';
import { type Method, typeOf } from './method.ts';
import type { Access, ServerCall, ServerInterceptor } from './server-call.ts';

const REQUEST_ID_CHARACTERS_MAX = 128;
const MS_PER_SECOND = 1_000;

/** Gives the call its request id: the caller's, when it is one, else a new one. */
export function requestIdInterceptor(): ServerInterceptor {
  return (call) => {
    const given = call.incoming.metadata(metadataKeys.requestId);
    call.requestId = given !== undefined && isRequestId(given) ? given : randomUUID();
  };
}

/** Starts the server's span under the caller's. */
export function tracingInterceptor(tracing: Tracing): ServerInterceptor {
  return (call) => {
    const parent = parseTraceparent(call.incoming.metadata(metadataKeys.traceparent));
    const span = tracing.startSpan(call.rpc, { kind: 'server', ...(parent === undefined ? {} : { parent }) });
    call.trace = span.context;
    return ({ code, error }) => {
      if (error !== undefined) span.fail(error);
      span.setAttribute('rpc.grpc.status', code);
      span.end();
    };
  };
}

/** Counts and times the call, with the metric names of go-grpc-middleware. */
export function metricsInterceptor(registry: Registry): ServerInterceptor {
  const metrics = grpcMetrics('server', registry);
  const recorderByMethod = new Map<Method, MethodRecorder>();
  return ({ served: { definition, method } }) => {
    let recorder = recorderByMethod.get(method);
    if (recorder === undefined) {
      const labels = { grpc_type: typeOf(method), grpc_service: definition.fullName, grpc_method: method.name };
      recorder = metrics.forMethod(labels);
      recorderByMethod.set(method, recorder);
    }
    const startedAtMs = performance.now();
    recorder.started();
    return ({ code }) => recorder.ended(code, (performance.now() - startedAtMs) / MS_PER_SECOND);
  };
}

/**
 * Ends the call when its deadline passes, with a deadline of `timeoutMaxMs` for unary calls whose client set none or a later
 * one. A stream may last as long as its client wants.
 */
export function deadlineInterceptor(timeoutMaxMs: number): ServerInterceptor {
  const deadlines = new DeadlineWatch();
  return (call) => {
    const latestMs = call.served.method.responseStream ? Infinity : Date.now() + timeoutMaxMs;
    call.deadlineMs = Math.min(call.deadlineMs, latestMs);
    if (call.deadlineMs === Infinity) return undefined;
    const due = new ServedDeadline(call);
    deadlines.add(due);
    return () => deadlines.delete(due);
  };
}

class ServedDeadline implements Due {
  slot = -1;
  readonly deadlineMs: number;
  readonly #call: ServerCall;

  constructor(call: ServerCall) {
    this.#call = call;
    this.deadlineMs = call.deadlineMs;
  }

  timeUp(): void {
    this.#call.abort(new DOMException('the deadline passed', 'TimeoutError'));
  }
}

/** Establishes the caller from the assertion and refuses whoever the method is not open to. */
export function assertionInterceptor(verifyCaller: VerifyCaller): ServerInterceptor {
  return (call) => {
    if (call.served.access === 'anonymous') return undefined;
    const assertion = call.incoming.metadata(metadataKeys.assertion);
    if (assertion === undefined) throw assertionMissing();
    const verified = verifyCaller(assertion);
    if (!(verified instanceof Promise)) return admit(call, assertion, verified);
    return verified.then((caller) => admit(call, assertion, caller));
  };
}

function admit(call: ServerCall, assertion: string, caller: Caller): void {
  call.caller = caller;
  if (!isOpenTo(call.served.access, caller)) throw callerRefused(call.rpc, call.served.access);
  if (caller.kind === 'principal') call.assertion = assertion;
}

function isOpenTo(access: Access, caller: Caller): boolean {
  return access === 'any' ? caller.kind !== 'anonymous' : access === caller.kind;
}

function isRequestId(text: string): boolean {
  return text.length <= REQUEST_ID_CHARACTERS_MAX && /^[\x21-\x7e]+$/.test(text);
}

function assertionMissing(): AppError {
  return new AppError({
    code: 'UNAUTHENTICATED',
    reason: 'ASSERTION_MISSING',
    message: `this call needs an internal assertion in its ${metadataKeys.assertion} metadata; clients call the gateway`,
  });
}

function callerRefused(rpc: string, access: Access): AppError {
  return new AppError({
    code: 'PERMISSION_DENIED',
    reason: 'CALLER_REFUSED',
    message: `${rpc} is open to a ${access} only`,
  });
}
