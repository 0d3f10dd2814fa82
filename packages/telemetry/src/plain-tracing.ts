import { createRandomIds, type RandomIds } from './random-ids.ts';
import type { TraceContext } from './traceparent.ts';
import type { Span, StartSpanOptions, Tracing } from './tracing.ts';

/** Creates tracing that passes identifiers on and records nothing. */
export function createPlainTracing(): Tracing {
  const ids = createRandomIds();
  return {
    startSpan: (_name, options) => new PlainSpan(contextOf(ids, options)),
    shutdown: async () => {},
  };
}

/**
 * A new trace is not sampled, as nobody records it here; a caller's decision travels on to those who may. Only a call
 * that comes in gets an identifier of its own, for logs: nobody could look up those of the spans within it.
 */
function contextOf(ids: RandomIds, { kind, parent }: StartSpanOptions): TraceContext {
  if (parent === undefined) return { traceId: ids.traceId(), spanId: ids.spanId(), sampled: false };
  if (kind !== 'server') return parent;
  return { traceId: parent.traceId, spanId: ids.spanId(), sampled: parent.sampled };
}

class PlainSpan implements Span {
  readonly context: TraceContext;

  constructor(context: TraceContext) {
    this.context = context;
  }

  setAttribute(): void {}
  fail(): void {}
  end(): void {}
}
