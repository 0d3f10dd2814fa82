import { isAppError } from '@gantry/errors';
import {
  type Span as OtelSpan,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';

import type { Logger } from './logger.ts';
import { createReportingExporter } from './reporting-exporter.ts';
import type { TraceContext } from './traceparent.ts';
import type { Span, StartSpanOptions, Tracing } from './tracing.ts';

interface OtlpTracingOptions {
  readonly service: string;
  readonly url: string;
  readonly sampleRatio: number;
  readonly logger?: Logger | undefined;
}

/** Spans that wait for export, ≈ 2 KB each; the SDK drops what comes while the queue is full. */
const QUEUE_SPANS_MAX = 2048;
/** Spans of one request to the collector: ≈ 200 KB on the wire, well under a collector's default limit. */
const BATCH_SPANS_MAX = 512;
/** How long a finished span may wait: short enough to watch a trace appear, long enough to fill batches. */
const BATCH_DELAY_MS = 1_000;
/** One export, its retries included; a collector slower than this loses the batch rather than our memory. */
const EXPORT_TIMEOUT_MS = 4_000;
/** Shutdown sends its batches side by side, so one export timeout and a margin; fits in every grace period we set. */
const SHUTDOWN_TIMEOUT_MS = 5_000;
/** More facts than any span of ours has; a loop that adds attributes cannot grow a span for ever. */
const SPAN_ATTRIBUTES_MAX = 64;
/** Enough for a URI or an error message; never for a payload. */
const ATTRIBUTE_CHARACTERS_MAX = 1_024;

const SPAN_KINDS = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  internal: SpanKind.INTERNAL,
} satisfies Record<StartSpanOptions['kind'], SpanKind>;

/** Creates tracing that records spans with the OpenTelemetry SDK and posts them to an OTLP/HTTP collector; touches no globals. */
export function createOtlpTracing({ service, url, sampleRatio, logger }: OtlpTracingOptions): Tracing {
  const exporter = createReportingExporter(new OTLPTraceExporter({ url, timeoutMillis: EXPORT_TIMEOUT_MS }), logger);
  const provider = new TracerProvider({
    resource: defaultResource().merge(resourceFromAttributes({ 'service.name': service })),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
    spanLimits: { attributeCountLimit: SPAN_ATTRIBUTES_MAX, attributeValueLengthLimit: ATTRIBUTE_CHARACTERS_MAX },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: QUEUE_SPANS_MAX,
        maxExportBatchSize: BATCH_SPANS_MAX,
        scheduledDelayMillis: BATCH_DELAY_MS,
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
      }),
    ],
  });
  const tracer = provider.getTracer('gantry');
  return {
    startSpan: (name, options) => new OtlpSpan(startOtelSpan(tracer, name, options)),
    shutdown: () => settleWithin(provider.shutdown(), SHUTDOWN_TIMEOUT_MS),
  };
}

function startOtelSpan(tracer: Tracer, name: string, { kind, parent, attributes }: StartSpanOptions): OtelSpan {
  const options = attributes === undefined ? { kind: SPAN_KINDS[kind] } : { kind: SPAN_KINDS[kind], attributes };
  return tracer.startSpan(name, options, parent === undefined ? ROOT_CONTEXT : parentContext(parent, kind));
}

/** A server's parent is in another process; the parents of other kinds are spans of ours. */
function parentContext({ traceId, spanId, sampled }: TraceContext, kind: StartSpanOptions['kind']) {
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: kind === 'server' });
}

class OtlpSpan implements Span {
  readonly context: TraceContext;
  readonly #span: OtelSpan;

  constructor(span: OtelSpan) {
    const { traceId, spanId, traceFlags } = span.spanContext();
    this.#span = span;
    this.context = { traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 };
  }

  setAttribute(key: string, value: string | number | boolean): void {
    this.#span.setAttribute(key, value);
  }

  fail(error: unknown): void {
    const type = errorType(error);
    // The type only: the message of an unexpected error may quote a payload, and it is in the log already.
    this.#span.setAttribute('error.type', type);
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: type });
    if (isAppError(error)) this.#span.setAttribute('gantry.error.code', error.code);
  }

  end(): void {
    this.#span.end();
  }
}

function errorType(error: unknown): string {
  if (isAppError(error)) return error.reason;
  return error instanceof Error ? error.name : typeof error;
}

async function settleWithin(work: Promise<void>, timeoutMs: number): Promise<void> {
  const { promise: timeout, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  // A failed last export was reported by the exporter; a shutdown has nothing to add.
  await Promise.race([work.catch(() => {}), timeout]);
  clearTimeout(timer);
}
