import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import { medianOf, medianOfKnown, type Spread, spreadOf } from '../figures/statistics.ts';
import { createHttpContender } from '../http-contender.ts';
import { holdSockets } from '../load/held-sockets.ts';
import type { HttpPlan } from '../load/http-plan.ts';
import { measure, type Measurement } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import { toTable } from '../report/table.ts';
import { MORE_TOOLS } from '../targets/more-tools.ts';
import { type GantryCluster, startGantryCluster } from '../world/gantry-cluster.ts';
import { requireOpenFiles, SOCKETS, SOCKETS_ENV } from '../world/open-files.ts';
import type { World } from '../world/world.ts';

/** Sessions that are there while lists are read. At the end there is one again: what differs then is not due to sessions. */
const SESSIONS = [1, 100, SOCKETS, 1] as const;

/** The processes that have a column of their own. */
const COLUMNS = ['gateway', 'tool'];

/** What `tools/list` carried. */
export interface ListResult {
  readonly tools: number;
  readonly sessions: number;
  readonly rps: Spread;
  readonly p99Ms: number | undefined;
  /** Processor time a list, by process; without what is no part of the cluster. */
  readonly cpuUs: Readonly<Record<string, number>>;
}

const answer = z.object({ id: z.number(), result: z.object({ tools: z.array(z.object({ name: z.string() })) }) });

/** Measures `tools/list` of a short and of a long catalog, with few and with many sessions. */
export async function measureLists(options: BenchOptions, world: World): Promise<readonly ListResult[]> {
  requireOpenFiles(SOCKETS);
  const results: ListResult[] = [];
  const many = { tool: fileURLToPath(new URL('../targets/tool-with-many-tools.ts', import.meta.url)) };
  for (const mains of [{}, many]) {
    await using cluster = await startGantryCluster({ audit: 'async', ...world, env: SOCKETS_ENV, mains });
    results.push(...(await measureCatalog(cluster, options, world)));
  }
  return results;
}

async function measureCatalog(cluster: GantryCluster, options: BenchOptions, world: World): Promise<ListResult[]> {
  const { plan, tools } = await planList(cluster);
  const load = { connections: options.connections, folder: world.folder };
  const is = { name: `tools-list-${tools}`, processes: cluster.processes };
  const contender = await createHttpContender(is, plan, load);
  // A long list takes so long that the compiler sees few of them in a usual warm-up.
  await measure(contender, options.warmUpSeconds * 3);
  const results: ListResult[] = [];
  for (const sessions of SESSIONS) {
    await using held = holdSockets({ url: cluster.ws, headers: plan.headerSets[0] ?? {} });
    await held.grow(sessions);
    const measurements: Measurement[] = [];
    for (let round = 0; round < options.rounds; round += 1)
      measurements.push(await measure(contender, options.seconds));
    const rps = spreadOf(measurements.map((one) => one.rps));
    world.report(`${tools} tools, ${sessions} sessions: ${Math.round(rps.median)} lists/s`);
    const p99Ms = medianOfKnown(measurements.map((one) => one.p99Ms));
    results.push({ tools, sessions, rps, p99Ms, cpuUs: clusterCpuUs(measurements) });
  }
  return results;
}

/** Asks once how many tools there are; every later answer must have as many. */
async function planList({ url, apiKey }: GantryCluster): Promise<{ readonly plan: HttpPlan; readonly tools: number }> {
  const headers = { authorization: `Bearer ${apiKey}` };
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
  });
  const tools = answer.parse(await response.json()).result.tools.length;
  const { hostname, port, pathname } = new URL(url);
  const plan: HttpPlan = {
    host: hostname,
    port: Number(port),
    path: pathname,
    headerSets: [headers],
    message: { method: 'tools/list', params: {} },
    assertAnswer(body, id) {
      const { id: answered, result } = answer.parse(JSON.parse(body));
      if (answered !== id || result.tools.length !== tools) throw new Error(`${result.tools.length} of ${tools} tools`);
    },
  };
  return { plan, tools };
}

function clusterCpuUs(measurements: readonly Measurement[]): Record<string, number> {
  const names = Object.keys(measurements[0]?.cpuUs ?? {}).filter((name) => name !== 'rest');
  return Object.fromEntries(
    names.map((name) => [name, medianOf(measurements.map(({ cpuUs }) => cpuUs[name] ?? 0))] as const),
  );
}

/** Writes the results for people. */
export function toListsText(results: readonly ListResult[]): string {
  const rows = results.map(({ tools, sessions, rps, p99Ms, cpuUs }) => [
    String(tools),
    String(sessions),
    rps.median.toFixed(0),
    `[${rps.min.toFixed(0)} to ${rps.max.toFixed(0)}]`,
    p99Ms?.toFixed(1) ?? '',
    ...COLUMNS.map((name) => (cpuUs[name] ?? 0).toFixed(0)),
    Object.values(cpuUs)
      .reduce((total, us) => total + us, 0)
      .toFixed(0),
  ]);
  const heading = ['tools', 'sessions', 'lists/s', '[range]', 'p99 ms', ...COLUMNS, 'all'];
  return `tools/list; the long catalog has ${MORE_TOOLS} tools more; a session is a WebSocket that began with initialize\ngateway, tool, all: µs of processor time a list\n\n${toTable(heading, rows)}`;
}
