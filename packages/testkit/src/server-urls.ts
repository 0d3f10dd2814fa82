/** Answers the URL of the Postgres server that tests use. */
export function testDatabaseServerUrl(): string {
  return required('DATABASE_URL');
}

/**
 * Answers the URL of the Redis that tests share. Tests that write to it use keys of their own; a test that wants to stop
 * or flush a server starts one with `startRedis`.
 *
 * @throws {Error} when the tests run without the global setup and without REDIS_URL.
 */
export function testRedisUrl(): string {
  return required('REDIS_URL');
}

function required(name: 'DATABASE_URL' | 'REDIS_URL'): string {
  const url = process.env[name];
  if (url === undefined || url === '')
    throw new Error(`${name} is not set: run vitest from the root of the repository, where its global setup sets it`);
  return url;
}
