import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { startEmbeddedPostgres } from '@gantry/embedded-postgres';
import { startRedis } from '@gantry/testkit';

/** The stores behind the clusters. Disposing of it stops those that were started here. */
export interface Stores extends AsyncDisposable {
  readonly redisUrl: string;
}

/**
 * Uses the servers of DATABASE_URL and REDIS_URL, and starts those that are not given. A Postgres started here syncs its
 * log to the disk as one in production does: strict audit waits for that.
 */
export async function startStores(folder: string): Promise<Stores> {
  await using started = new AsyncDisposableStack();
  // createTestDatabase reads it.
  process.env['DATABASE_URL'] ||= await startPostgres(folder, started);
  const redisUrl = process.env['REDIS_URL'] || started.use(await startRedis()).url;
  const kept = started.move();
  return { redisUrl, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function startPostgres(folder: string, started: AsyncDisposableStack): Promise<string> {
  const dataDirectory = join(folder, 'postgres');
  await mkdir(dataDirectory);
  // It runs as an unprivileged user when root runs the benchmark, who must be able to go through the folder.
  await chmod(folder, 0o711);
  const postgres = started.use(await startEmbeddedPostgres({ dataDirectory, durable: true }));
  return postgres.url();
}
