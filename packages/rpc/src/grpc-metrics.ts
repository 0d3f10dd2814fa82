import type { Registry } from '@gantry/telemetry';
import { Counter, Histogram } from 'prom-client';

/** From half a millisecond, about one hop, to the longest default timeout. */
const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The labels of one method, as go-grpc-middleware names them. */
interface MethodLabels extends Record<string, string> {
  grpc_type: string;
  grpc_service: string;
  grpc_method: string;
}

/** RED metrics of one side of the RPCs of a process. */
export interface GrpcMetrics {
  /** Returns the recorder of a method; call it once a method, its children are resolved there. */
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
  const methodLabels = ['grpc_type', 'grpc_service', 'grpc_method'];
  const registers = [registry];
  const started = new Counter({
    name: `grpc_${side}_started_total`,
    help: `RPCs started on the ${side}.`,
    labelNames: methodLabels,
    registers,
  });
  const handled = new Counter({
    name: `grpc_${side}_handled_total`,
    help: `RPCs completed on the ${side}, whatever their code.`,
    labelNames: [...methodLabels, 'grpc_code'],
    registers,
  });
  const handling = new Histogram({
    name: `grpc_${side}_handling_seconds`,
    help: `How long RPCs took on the ${side}, from start to status.`,
    labelNames: methodLabels,
    buckets: DURATION_BUCKETS,
    registers,
  });
  return {
    forMethod(labels) {
      const startedChild = started.labels(labels);
      const handlingChild = handling.labels(labels);
      const handledChildByCode = new Map<string, Counter.Internal>();
      return {
        started: () => startedChild.inc(),
        ended(code, seconds) {
          let child = handledChildByCode.get(code);
          if (child === undefined) {
            child = handled.labels({ ...labels, grpc_code: code });
            handledChildByCode.set(code, child);
          }
          child.inc();
          handlingChild.observe(seconds);
        },
      };
    },
  };
}
