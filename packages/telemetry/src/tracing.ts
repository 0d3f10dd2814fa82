import type { Logger } from './logger.ts';
import { createPlainTracing } from './plain-tracing.ts';
import type { TraceContext } from './traceparent.ts';

/** Facts about a span. Keys are dotted lower-case names; values never hold secrets or whole payloads. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** Says how a span relates to the rest of its trace. */
export interface StartSpanOptions {
  /** `server` answers a call that came from outside the process, `client` makes one, `internal` is neither. */
  readonly kind: 'server' | 'client' | 'internal';
  /** The span this one works for. Without it the span starts a trace of its own. */
  readonly parent?: TraceContext | undefined;
  readonly attributes?: SpanAttributes | undefined;
}

/** Times one operation. After `end` every method does nothing. */
export interface Span {
  /** Identifies this span to the next hop: send it as `traceparent`. */
  readonly context: TraceContext;
  /** Adds or replaces one fact. */
  setAttribute(key: string, value: string | number | boolean): void;
  /** Marks the span as failed, with the reason of an AppError or the class of any other error. */
  fail(error: unknown): void;
  /** Stops the time and hands the span over for export. */
  end(): void;
}

/** Starts spans. */
export interface Tracing {
  /** Starts a span; never throws. */
  startSpan(name: string, options: StartSpanOptions): Span;
  /** Sends what is still queued, waiting at most five seconds; never rejects. Spans started later are not exported. */
  shutdown(): Promise<void>;
}

/** Says who is traced and where the spans go. */
export interface CreateTracingOptions {
  /** Names the service: the resource attribute `service.name`. */
  readonly service: string;
  /** Base URL of an OTLP/HTTP collector, for example `http://localhost:4318`; spans go to `/v1/traces` under it. */
  readonly otlpEndpoint?: string | undefined;
  /** Share of new traces that is recorded, from 0 to 1. Default 1. A caller's decision is always followed. */
  readonly sampleRatio?: number | undefined;
  /** Told once when exporting begins to fail and once when it works again. Default: nobody is told. */
  readonly logger?: Logger | undefined;
}

/**
 * Creates the tracing of one service.
 *
 * Without an endpoint identifiers still flow, so that logs of all hops share a trace id, but nothing is recorded, no SDK
 * is loaded, and only server spans have an identifier of their own. With one, the OpenTelemetry SDK is loaded and finished spans are exported in batches from a bounded
 * queue; when the queue is full, spans are dropped.
 *
 * @throws {TypeError} when the endpoint is not an http or https URL.
 * @throws {RangeError} when the sample ratio is not between 0 and 1.
 */
export async function createTracing({
  otlpEndpoint,
  sampleRatio = 1,
  ...options
}: CreateTracingOptions): Promise<Tracing> {
  if (!(sampleRatio >= 0 && sampleRatio <= 1))
    throw new RangeError(`sample ratio ${sampleRatio} is not between 0 and 1`);
  if (otlpEndpoint === undefined) return createPlainTracing();
  // Loaded here only: the SDK costs start-up time and memory that a process without a collector need not pay.
  const { createOtlpTracing } = await import('./otlp-tracing.ts');
  return createOtlpTracing({ ...options, sampleRatio, url: tracesUrl(otlpEndpoint) });
}

function tracesUrl(endpoint: string): string {
  const url = new URL(endpoint);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new TypeError(`OTLP endpoint ${endpoint} is not an http or https URL`);
  const path = url.pathname.replace(/\/+$/, '');
  url.pathname = path.endsWith('/v1/traces') ? path : `${path}/v1/traces`;
  return url.href;
}
