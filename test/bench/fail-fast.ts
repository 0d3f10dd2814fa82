import { rm, mkdtemp, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startEmbeddedPostgres } from '@gantry/embedded-postgres';

import { httpCaller } from '../cluster/clients.ts';
import { probes } from '../cluster/probes.ts';
import { startCluster } from '../cluster/separable-cluster.ts';

/** Long enough that the breaker lets several probes through, one a second. */
const CALLS = 2_000;
/** What is promised: a method whose service is gone fails within this time once the breaker is open. */
const BUDGET_MS = 100;

await using stack = new AsyncDisposableStack();
const cluster = stack.use(await startCluster(process.env['DATABASE_URL'] ?? (await startPostgres(stack))));
const call = httpCaller({ url: cluster.url, apiKey: cluster.apiKey });

for (const { name, method, params } of probes) {
  await call(method, params);
  await cluster.stop(name);
  const whileOpening: number[] = [];
  while ((await timed(whileOpening, () => call(method, params))).error?.data?.['reason'] !== 'CIRCUIT_OPEN');
  const whileOpen: number[] = [];
  for (let i = 0; i < CALLS; i += 1) await timed(whileOpen, () => call(method, params));
  print(`${name.padEnd(9)} open after ${whileOpening.length} calls; then ${describe(whileOpen)} of ${CALLS} calls`);
  if (Math.max(...whileOpen) >= BUDGET_MS) process.exitCode = 1;
  await cluster.start(name);
  while ((await call(method, params)).error !== undefined);
}

async function timed<T>(durationsMs: number[], work: () => Promise<T>): Promise<T> {
  const startedAtMs = performance.now();
  const result = await work();
  durationsMs.push(performance.now() - startedAtMs);
  return result;
}

function describe(durationsMs: readonly number[]): string {
  const sorted = durationsMs.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1);
  return `median ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function startPostgres(disposables: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-fail-fast-'));
  disposables.defer(() => rm(folder, { recursive: true, force: true }));
  // The database runs as an unprivileged user, who must be able to go through it.
  await chmod(folder, 0o755);
  const postgres = await startEmbeddedPostgres({ dataDirectory: join(folder, 'postgres'), durable: false });
  disposables.defer(() => postgres.stop());
  return postgres.url();
}
