import type { StatusCode } from '@gantry/errors';
import {
  type CounterSeries,
  createCounter,
  createHistogram,
  type HistogramSeries,
  type Registry,
} from '@gantry/telemetry';
import { Counter, Gauge, Histogram } from 'prom-client';

/** How messages come in. */
export type Transport = 'http' | 'websocket' | 'grpc';

/** The label of methods that do not exist: clients must not be able to make new series. */
const UNKNOWN_METHOD = 'unknown';

/** From a cached answer to the longest request. */
const DURATION_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** From a commit on a fast disk to the deadline of an append. */
const APPEND_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
/** Up to a full batch. */
const BATCH_BUCKETS_EVENTS = [1, 5, 10, 25, 50, 100, 250, 500, 1_000];

/** Counts and times what the gateway does. */
export interface GatewayMetrics {
  /** Counts a request that has ended. `method` is one of the table; what is not counts as `unknown`. */
  requestEnded(method: string, status: StatusCode | 'OK', durationSeconds: number): void;
  /** Connections that are open now. */
  readonly activeConnections: Gauge<'transport'>;
  /** Audit events that were lost, of executed or of refused requests. */
  readonly auditDropped: Counter<'kind'>;
  /** How long appending a batch took. */
  readonly auditAppendSeconds: Histogram;
  /** How many events the batches had. */
  readonly auditBatchEvents: Histogram;
  /** Requests that were not HTTP, by the status they were answered with. */
  readonly unreadableRequests: Counter<'status'>;
  /** Shows a number that is read when metrics are scraped. */
  readonly gauge: (name: string, help: string, read: () => number) => void;
}

/** Creates the gateway's metrics. Only the given methods become labels. */
export function createGatewayMetrics(registry: Registry, methods: ReadonlySet<string>): GatewayMetrics {
  const registers = [registry];
  return {
    requestEnded: createRequestEnded(registry, methods),
    activeConnections: new Gauge({
      name: 'mcp_active_connections',
      help: 'Open connections by transport.',
      labelNames: ['transport'],
      registers,
    }),
    auditDropped: new Counter({
      name: 'gantry_audit_dropped_total',
      help: 'Audit events that were lost, of executed or of refused requests.',
      labelNames: ['kind'],
      registers,
    }),
    auditAppendSeconds: new Histogram({
      name: 'gantry_audit_append_seconds',
      help: 'How long it took until a batch of audit events was durable.',
      buckets: APPEND_BUCKETS_SECONDS,
      registers,
    }),
    auditBatchEvents: new Histogram({
      name: 'gantry_audit_batch_events',
      help: 'How many audit events were made durable together.',
      buckets: BATCH_BUCKETS_EVENTS,
      registers,
    }),
    unreadableRequests: new Counter({
      name: 'gantry_gateway_unreadable_requests_total',
      help: 'Requests that were not HTTP, by the status they were answered with.',
      labelNames: ['status'],
      registers,
    }),
    gauge(name, help, read) {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    },
  };
}

/** What is counted of one method. */
interface MethodSeries {
  readonly durations: HistogramSeries;
  readonly requestsByStatus: Map<string, CounterSeries>;
}

function createRequestEnded(registry: Registry, methods: ReadonlySet<string>): GatewayMetrics['requestEnded'] {
  const registers = [registry];
  const requests = createCounter({
    name: 'mcp_requests_total',
    help: 'Requests by method and gRPC status.',
    labelNames: ['method', 'status'],
    registers,
  });
  const durations = createHistogram({
    name: 'mcp_request_duration_seconds',
    help: 'How long requests took.',
    labelNames: ['method'],
    buckets: DURATION_BUCKETS_SECONDS,
    registers,
  });
  /** Resolved once a series: bounded by the methods and the status codes there are. */
  const seriesByMethod = new Map<string, MethodSeries>();
  const seriesOf = (method: string) => {
    let series = seriesByMethod.get(method);
    if (series === undefined) {
      series = { durations: durations.labels({ method }), requestsByStatus: new Map() };
      seriesByMethod.set(method, series);
    }
    return series;
  };
  return (name, status, durationSeconds) => {
    const method = methods.has(name) ? name : UNKNOWN_METHOD;
    const series = seriesOf(method);
    let ended = series.requestsByStatus.get(status);
    if (ended === undefined) {
      ended = requests.labels({ method, status });
      series.requestsByStatus.set(status, ended);
    }
    ended.inc();
    series.durations.observe(durationSeconds);
  };
}
