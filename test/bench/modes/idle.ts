import { setTimeout as sleep } from 'node:timers/promises';

import { holdSockets } from '../load/held-sockets.ts';
import type { BenchOptions } from '../options.ts';
import { startGantryCluster } from '../world/gantry-cluster.ts';
import { requireOpenFiles, SOCKETS, SOCKETS_ENV } from '../world/open-files.ts';
import { cpuMsOf, rssBytesOf } from '../world/process-cpu.ts';
import type { World } from '../world/world.ts';

/** Longer than the gateway's ping, so that what it keeps for one is there. */
const SETTLE_MS = 40_000;
const MS_PER_SECOND = 1_000;

/** What idle connections cost the gateway. */
export interface IdleResult {
  readonly sockets: number;
  readonly rssBeforeBytes: number;
  readonly rssAfterBytes: number;
  readonly bytesPerSocket: number;
  /** Processor time a second that the gateway spends on keeping them. */
  readonly cpuMsPerSecond: number;
}

/** Opens WebSockets that say nothing, and looks at the memory of the gateway. */
export async function measureIdle(_options: BenchOptions, world: World): Promise<IdleResult> {
  requireOpenFiles(SOCKETS);
  await using cluster = await startGantryCluster({ audit: 'async', ...world, env: SOCKETS_ENV });
  const pid = cluster.processes.find(({ name }) => name === 'gateway')?.pid ?? 0;
  const headers = { authorization: `Bearer ${cluster.apiKey}` };
  await using held = holdSockets({ url: cluster.ws, headers });
  // What the first of them costs is not a cost of each.
  await held.grow(100);
  const rssBeforeBytes = rssBytesOf(pid);
  await held.grow(100 + SOCKETS);
  const cpuBeforeMs = cpuMsOf(pid);
  world.report(`${SOCKETS} sockets are open; waiting for ${SETTLE_MS} ms`);
  await sleep(SETTLE_MS);
  const rssAfterBytes = rssBytesOf(pid);
  return {
    sockets: SOCKETS,
    rssBeforeBytes,
    rssAfterBytes,
    bytesPerSocket: (rssAfterBytes - rssBeforeBytes) / SOCKETS,
    cpuMsPerSecond: (cpuMsOf(pid) - cpuBeforeMs) / (SETTLE_MS / MS_PER_SECOND),
  };
}

/** Writes the result for people. */
export function toIdleText(result: IdleResult): string {
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return [
    `${result.sockets} idle WebSockets, each with a session of MCP begun`,
    `gateway: RSS ${mib(result.rssBeforeBytes)} before, ${mib(result.rssAfterBytes)} after: ${(result.bytesPerSocket / 1_024).toFixed(1)} KiB each`,
    `gateway: ${result.cpuMsPerSecond.toFixed(1)} ms of processor time a second to keep them`,
  ].join('\n');
}
