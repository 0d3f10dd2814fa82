import { createCounter, createHistogram, type Registry } from '@gantry/telemetry';

import { addToGauge } from '../summed-gauge.ts';

/** Powers of two, as packing pays by halves. */
const CALLS_PER_FRAME_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/** Which end of a lane. */
type LaneSide = 'client' | 'server';

/** What all lanes of one side of a process hold together, and what is counted of them. */
export interface LaneLoad {
  lanes: number;
  calls: number;
  /** Of requests in flight and of what is not yet sent. */
  bytes: number;
  frameSent(calls: number): void;
  frameReceived(): void;
  opened(): void;
  ended(code: string): void;
}

/** The same of a client. */
export interface ClientLaneLoad extends LaneLoad {
  /** Calls that wait for room on a lane. */
  waiting: number;
  /** What lets calls that wait look again, one for each target that has some: room in the process is room for all. */
  readonly wakers: Set<() => void>;
  /** So many lanes were left out because their calls failed. */
  ejected(lanes: number): void;
}

const serverLoadByRegistry = new WeakMap<Registry, LaneLoad>();
const clientLoadByRegistry = new WeakMap<Registry, ClientLaneLoad>();

/** Returns the load of the lanes that a process serves; made once, however many servers share the registry. */
export function serverLaneLoad(registry: Registry): LaneLoad {
  const load = serverLoadByRegistry.get(registry) ?? createLoad('server', registry);
  serverLoadByRegistry.set(registry, load);
  return load;
}

/** Returns the load of the lanes that a process has opened; made once, however many clients share the registry. */
export function clientLaneLoad(registry: Registry): ClientLaneLoad {
  const load = clientLoadByRegistry.get(registry) ?? createClientLoad(registry);
  clientLoadByRegistry.set(registry, load);
  return load;
}

function createClientLoad(registry: Registry): ClientLaneLoad {
  const ejections = createCounter({
    name: 'gantry_rpc_client_lane_ejections_total',
    help: 'Lanes left out for a while because nearly all of their calls failed.',
    registers: [registry],
  }).labels({});
  const load: ClientLaneLoad = Object.assign(createLoad('client', registry), {
    waiting: 0,
    wakers: new Set<() => void>(),
    ejected: (lanes: number) => ejections.inc(lanes),
  });
  const show = gauges(registry);
  show('gantry_rpc_client_lane_waiting_calls', 'Calls that wait for room on a lane.', () => load.waiting);
  return load;
}

function createLoad(side: LaneSide, registry: Registry): LaneLoad {
  const registers = [registry];
  const frames = createCounter({
    name: `gantry_rpc_${side}_lane_frames_total`,
    help: `Frames of lanes, at the ${side}.`,
    labelNames: ['direction'],
    registers,
  });
  const callsPerFrame = createHistogram({
    name: `gantry_rpc_${side}_lane_calls_per_frame`,
    help: `How many calls, replies or ends were packed into a frame that the ${side} sent.`,
    buckets: CALLS_PER_FRAME_BUCKETS,
    registers,
  }).labels({});
  const opened = createCounter({
    name: `gantry_rpc_${side}_lanes_opened_total`,
    help: `Lanes opened at the ${side}; more than there are replicas means that they are opened again.`,
    registers,
  }).labels({});
  const ended = createCounter({
    name: `gantry_rpc_${side}_lanes_ended_total`,
    help: `Lanes ended at the ${side}, by their status.`,
    labelNames: ['grpc_code'],
    registers,
  });
  const sent = frames.labels({ direction: 'sent' });
  const received = frames.labels({ direction: 'received' });
  const load: LaneLoad = {
    lanes: 0,
    calls: 0,
    bytes: 0,
    frameSent(calls) {
      sent.inc();
      callsPerFrame.observe(calls);
    },
    frameReceived: () => received.inc(),
    opened: () => opened.inc(),
    ended: (code) => ended.labels({ grpc_code: code }).inc(),
  };
  const show = gauges(registry);
  show(`gantry_rpc_${side}_lanes`, `Lanes open at the ${side}.`, () => load.lanes);
  show(`gantry_rpc_${side}_lane_calls_in_flight`, `Calls in flight on lanes of the ${side}.`, () => load.calls);
  show(`gantry_rpc_${side}_lane_queued_bytes`, `Bytes that calls on lanes hold at the ${side}.`, () => load.bytes);
  return load;
}

function gauges(registry: Registry) {
  return (name: string, help: string, read: () => number) => addToGauge(registry, { name, help }, read);
}
