import type { PoolClient } from '@gantry/postgres';

/** Counts the rows of `from … where …`. count(*) is a bigint, which pg would return as text. */
export async function countRows(client: PoolClient, fromWhere: string, values: readonly unknown[]): Promise<number> {
  const { rows } = await client.query<{ count: number }>(`select count(*)::int as count ${fromWhere}`, [...values]);
  return rows[0]?.count ?? 0;
}
