import { createRandomIds, type RandomIds } from './random-ids.ts';
import type { TraceContext } from './traceparent.ts';
import type { Span, Tracing } from './tracing.ts';

/** Creates tracing that passes identifiers on and records nothing. */
export function createPlainTracing(): Tracing {
  const ids = createRandomIds();
  return {
    startSpan: (_name, { parent }) => new PlainSpan(childContext(ids, parent)),
    shutdown: async () => {},
  };
}

/** A new trace is not sampled, as nobody records it here; a caller's decision travels on to those who may. */
function childContext(ids: RandomIds, parent: TraceContext | undefined): TraceContext {
  if (parent === undefined) return { traceId: ids.traceId(), spanId: ids.spanId(), sampled: false };
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
