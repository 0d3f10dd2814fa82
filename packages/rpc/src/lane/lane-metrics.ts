import { createCounter, createHistogram, type Registry } from '@gantry/telemetry';
import { Gauge } from 'prom-client';

/** Powers of two, as packing pays by halves. */
const CALLS_PER_FRAME_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/** Which end of a lane. */
export type LaneSide = 'client' | 'server';

/** What all lanes of one side of a process hold together, and what is counted of them. */
export interface LaneLoad {
  lanes: number;
  calls: number;
  /** Of requests in flight and of what is not yet sent. */
  bytes: number;
  /** Calls that wait for room on a lane; always 0 at a server. */
  waiting: number;
  frameSent(calls: number): void;
  frameReceived(): void;
  opened(): void;
  ended(code: string): void;
}

const loadByRegistry = {
  client: new WeakMap<Registry, LaneLoad>(),
  server: new WeakMap<Registry, LaneLoad>(),
};

/** Returns the load of a side in a process; made once, however many servers and clients share the registry. */
export function laneLoad(side: LaneSide, registry: Registry): LaneLoad {
  const known = loadByRegistry[side].get(registry);
  if (known !== undefined) return known;
  const created = createLoad(side, registry);
  loadByRegistry[side].set(registry, created);
  return created;
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
    waiting: 0,
    frameSent(calls) {
      sent.inc();
      callsPerFrame.observe(calls);
    },
    frameReceived: () => received.inc(),
    opened: () => opened.inc(),
    ended: (code) => ended.labels({ grpc_code: code }).inc(),
  };
  showLoad(side, load, registry);
  return load;
}

function showLoad(side: LaneSide, load: LaneLoad, registry: Registry): void {
  const show = (name: string, help: string, read: () => number) => {
    new Gauge({
      name: `gantry_rpc_${side}_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
  show('lanes', `Lanes open at the ${side}.`, () => load.lanes);
  show('lane_calls_in_flight', `Calls in flight on lanes of the ${side}.`, () => load.calls);
  show('lane_queued_bytes', `Bytes that calls on lanes hold at the ${side}.`, () => load.bytes);
  if (side === 'client') show('lane_waiting_calls', 'Calls that wait for room on a lane.', () => load.waiting);
}
