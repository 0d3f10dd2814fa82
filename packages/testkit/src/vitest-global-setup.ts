import { startTestServers } from './start-test-servers.ts';

/**
 * Gives all tests a Postgres and a Redis: those of DATABASE_URL and REDIS_URL when set, else servers of their own. Workers
 * find both in these variables. Answers how to stop what was started.
 */
export async function setup(): Promise<() => Promise<void>> {
  const { DATABASE_URL, REDIS_URL } = process.env;
  const servers = await startTestServers({ databaseUrl: DATABASE_URL, redisUrl: REDIS_URL });
  process.env['DATABASE_URL'] = servers.databaseUrl;
  process.env['REDIS_URL'] = servers.redisUrl;
  return async () => {
    restore('DATABASE_URL', DATABASE_URL);
    restore('REDIS_URL', REDIS_URL);
    await servers[Symbol.asyncDispose]();
  };
}

/** A second run in the same process (watch mode) must not take a stopped server for one that was given. */
function restore(name: string, value: string | undefined): void {
  if (value === undefined) Reflect.deleteProperty(process.env, name);
  else process.env[name] = value;
}
