import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startStores } from './stores.ts';

/** What all measurements share. Disposing of it removes it; a second time does nothing. */
export interface World extends AsyncDisposable {
  /** For logs and scripts. */
  readonly folder: string;
  readonly redisUrl: string;
  /** What is to be dropped when the run is broken off: nobody else would. */
  readonly databases: Set<AsyncDisposable>;
  /** Tells a person what happens. */
  readonly report: (line: string) => void;
}

/** Makes a folder and finds the stores. */
export async function createWorld(report: (line: string) => void): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'gantry-bench-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const { redisUrl } = stack.use(await startStores(folder));
  const databases = new Set<AsyncDisposable>();
  stack.defer(async () => {
    for (const database of databases) await database[Symbol.asyncDispose]();
  });
  const kept = stack.move();
  return { folder, redisUrl, report, databases, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
