import { type CounterSeries, createCounter, createHistogram, type Registry } from '@gantry/telemetry';

/** From half a millisecond, about one hop, to the longest default timeout. */
const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const METHOD_LABELS = ['grpc_type', 'grpc_service', 'grpc_method'] as const;

/** The labels of one method, as go-grpc-middleware names them. */
type MethodLabels = Readonly<Record<(typeof METHOD_LABELS)[number], string>>;

/** RED metrics of one side of the RPCs of a process. */
export interface GrpcMetrics {
  /** Returns the recorder of a method; call it once a method, its series are resolved there. */
  forMethod(labels: MethodLabels): MethodRecorder;
}

/** Records the calls of one method. */
export interface MethodRecorder {
  started(): void;
  ended(code: string, seconds: number): void;
}

const metricsByRegistry = {
  server: new WeakMap<Registry, GrpcMetrics>(),
  client: new WeakMap<Registry, GrpcMetrics>(),
};

/** Returns the metrics of a side in a registry; made once, however many servers and clients share the registry. */
export function grpcMetrics(side: 'server' | 'client', registry: Registry): GrpcMetrics {
  const known = metricsByRegistry[side].get(registry);
  if (known !== undefined) return known;
  const created = createGrpcMetrics(side, registry);
  metricsByRegistry[side].set(registry, created);
  return created;
}

function createGrpcMetrics(side: 'server' | 'client', registry: Registry): GrpcMetrics {
  const registers = [registry];
  const started = createCounter({
    name: `grpc_${side}_started_total`,
    help: `RPCs started on the ${side}.`,
    labelNames: METHOD_LABELS,
    registers,
  });
  const handled = createCounter({
    name: `grpc_${side}_handled_total`,
    help: `RPCs completed on the ${side}, whatever their code.`,
    labelNames: [...METHOD_LABELS, 'grpc_code'],
    registers,
  });
  const handling = createHistogram({
    name: `grpc_${side}_handling_seconds`,
    help: `How long RPCs took on the ${side}, from start to status.`,
    labelNames: METHOD_LABELS,
    buckets: DURATION_BUCKETS,
    registers,
  });
  return {
    forMethod(labels) {
      const startedSeries = started.labels(labels);
      const handlingSeries = handling.labels(labels);
      const handledSeriesByCode = new Map<string, CounterSeries>();
      return {
        started: () => startedSeries.inc(),
        ended(code, seconds) {
          let series = handledSeriesByCode.get(code);
          if (series === undefined) {
            series = handled.labels({ ...labels, grpc_code: code });
            handledSeriesByCode.set(code, series);
          }
          series.inc();
          handlingSeries.observe(seconds);
        },
      };
    },
  };
}
