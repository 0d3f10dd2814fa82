import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startEmbeddedPostgres } from '@gantry/embedded-postgres';

import { startRedis } from './start-redis.ts';

/** The servers of one test run. Disposing of it stops those that it started. */
export interface TestServers extends AsyncDisposable {
  readonly databaseUrl: string;
  readonly redisUrl: string;
}

/** Names servers that are there already. */
export interface GivenServers {
  readonly databaseUrl?: string | undefined;
  readonly redisUrl?: string | undefined;
}

/** Starts the servers that are not given: an embedded Postgres in a temporary folder, and a Redis. */
export async function startTestServers(given: GivenServers): Promise<TestServers> {
  await using started = new AsyncDisposableStack();
  // One after the other: a start that fails leaves nothing of the other behind.
  const databaseUrl = isGiven(given.databaseUrl) ? given.databaseUrl : await startPostgres(started);
  const redisUrl = isGiven(given.redisUrl) ? given.redisUrl : started.use(await startRedis()).url;
  const kept = started.move();
  return { databaseUrl, redisUrl, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function isGiven(url: string | undefined): url is string {
  return url !== undefined && url !== '';
}

async function startPostgres(started: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-test-'));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  // mkdtemp closes the folder to everybody else, and when root runs the tests, somebody else has to run Postgres.
  await chmod(folder, 0o711);
  const postgres = started.use(
    await startEmbeddedPostgres({ dataDirectory: join(folder, 'postgres'), durable: false }),
  );
  return postgres.url();
}
