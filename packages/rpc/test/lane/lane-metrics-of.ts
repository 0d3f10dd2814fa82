import type { Registry } from '@gantry/telemetry';

/** Returns what a gauge or counter of a registry says, over all labels; 0 when it says nothing. */
export async function metricOf(registry: Registry, name: string): Promise<number> {
  const metric = await registry.getSingleMetric(name)?.get();
  return (metric?.values ?? []).reduce((sum, { value }) => sum + value, 0);
}

/** Returns what the calls of a side hold on lanes, which is nothing when all have ended. */
export async function heldOnLanes(side: 'client' | 'server', registry: Registry) {
  return {
    calls: await metricOf(registry, `gantry_rpc_${side}_lane_calls_in_flight`),
    bytes: await metricOf(registry, `gantry_rpc_${side}_lane_queued_bytes`),
    waiting: await metricOf(registry, `gantry_rpc_${side}_lane_waiting_calls`),
  };
}

/** Nothing. */
export const NOTHING_HELD = { calls: 0, bytes: 0, waiting: 0 };
