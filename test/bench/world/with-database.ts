import pg from 'pg';

/** Runs statements on one connection to a database. */
export async function withDatabase<T>(connectionString: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString, application_name: 'gantry-bench' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
