import type { Registry } from '@gantry/telemetry';
import type { handleBidiStreamingCall, Server } from '@grpc/grpc-js';

import { boundMethods, type BoundMethod, type BoundService } from '../bind-service.ts';
import type { ServeOptions } from '../grpc-adapter.ts';
import { pathOf } from '../method.ts';
import { toStatusObject } from '../status-object.ts';
import { laneDraining, laneLimit } from './lane-errors.ts';
import { LANE_PATH, READER_CHECK_INTERVAL_MS, type ServerLaneLimits, serverLaneLimits } from './lane-limits.ts';
import { serverLaneLoad } from './lane-metrics.ts';
import { ServedLane } from './served-lane.ts';

/** For as long as it takes. */
const NO_GRACE_LIMIT = Infinity;

/** What createLaneService needs. */
export interface LaneServiceOptions extends ServeOptions {
  readonly services: readonly BoundService[];
  readonly metrics: Registry;
  /** What lanes may take; what is not given is as {@link serverLaneLimits} says. */
  readonly limits?: Partial<ServerLaneLimits>;
}

/** The lanes of a server. */
export interface LaneService extends Disposable {
  /** Adds `gantry.lane.v1.Lane` to a server. */
  addTo(server: Server): void;
  /** While it is false, lanes are asked to leave and none is taken. */
  setServing(isServing: boolean): void;
  /** Takes no more calls; those in flight are ended after `graceMs`. */
  drain(graceMs: number): void;
}

/** Creates the lanes of a server: the methods of its services that do not stream from the client. */
export function createLaneService(options: LaneServiceOptions): LaneService {
  const load = serverLaneLoad(options.metrics);
  const methodByPath = laneMethods(options.services);
  const limits = { ...serverLaneLimits, ...options.limits };
  const lanes = new Set<ServedLane>();
  let isServing = true;

  const open: handleBidiStreamingCall<Buffer, Buffer> = (stream) => {
    if (!isServing || lanes.size >= limits.lanesMax) {
      stream.emit('error', toStatusObject(isServing ? laneLimit(limits.lanesMax) : laneDraining(), options.name));
      return;
    }
    const lane = new ServedLane(stream, { ...options, domain: options.name, methodByPath, load, limits, onEnded });
    lanes.add(lane);
    load.lanes += 1;
    load.opened();
  };
  const onEnded = (lane: ServedLane) => {
    if (lanes.delete(lane)) load.lanes -= 1;
  };
  const drainAll = (graceMs: number) => lanes.forEach((lane) => lane.drain(graceMs));
  const timer = setInterval(() => {
    const nowMs = Date.now();
    lanes.forEach((lane) => lane.checkReader(nowMs));
  }, READER_CHECK_INTERVAL_MS);
  timer.unref();

  return {
    addTo: (server) => server.addService(laneDefinition, { open }),
    setServing(wanted) {
      isServing = wanted;
      if (!wanted) drainAll(NO_GRACE_LIMIT);
    },
    drain(graceMs) {
      isServing = false;
      drainAll(graceMs);
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function laneMethods(services: readonly BoundService[]): ReadonlyMap<string, BoundMethod> {
  const methods = services.flatMap((service) =>
    boundMethods(service).map(([, bound]) => [pathOf(service.definition, bound.served.method), bound] as const),
  );
  return new Map(methods.filter(([, { served }]) => !served.method.requestStream));
}

const passThrough = (bytes: Buffer): Buffer => bytes;

const laneDefinition = {
  open: {
    path: LANE_PATH,
    requestStream: true,
    responseStream: true,
    requestSerialize: passThrough,
    requestDeserialize: passThrough,
    responseSerialize: passThrough,
    responseDeserialize: passThrough,
  },
} as const;
