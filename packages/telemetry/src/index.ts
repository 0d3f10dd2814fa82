export { type Clock, monotonicClock, systemClock } from './clock.ts';
export { type CounterFamily, type CounterSeries, createCounter, type CreateCounterOptions } from './counter.ts';
export {
  createHistogram,
  type CreateHistogramOptions,
  type HistogramFamily,
  type HistogramSeries,
} from './histogram.ts';
export { type CreateLoggerOptions, createLogger, type Logger } from './logger.ts';
export { type CreateMetricsRegistryOptions, createMetricsRegistry, type Registry } from './metrics-registry.ts';
export { formatTraceparent, parseTraceparent, type TraceContext } from './traceparent.ts';
export {
  createTracing,
  type CreateTracingOptions,
  type Span,
  type SpanAttributes,
  type StartSpanOptions,
  type Tracing,
} from './tracing.ts';
