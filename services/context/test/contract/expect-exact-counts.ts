import type { Pool } from '@gantry/postgres';
import { expect } from 'vitest';

/** Counts everything again from scratch and compares it with what is maintained. */
export async function expectExactCounts(pool: Pool): Promise<void> {
  const maintained = await pool.query(`
    SELECT tenant_id, name, document_count::int, passage_count::int, token_count::int
    FROM context.sources WHERE document_count <> 0 OR passage_count <> 0 OR token_count <> 0 ORDER BY 1, 2`);
  const counted = await pool.query(`
    SELECT document.tenant_id, document.source AS name, count(DISTINCT document.document_id)::int AS document_count,
      count(passage.passage_key)::int AS passage_count, coalesce(sum(passage.token_count), 0)::int AS token_count
    FROM context.documents AS document LEFT JOIN context.passages AS passage USING (tenant_id, source, document_id)
    GROUP BY 1, 2 ORDER BY 1, 2`);
  expect(maintained.rows).toEqual(counted.rows);

  const strays = await pool.query(`
    SELECT count(*)::int AS count FROM context.passages AS passage
    WHERE NOT EXISTS (SELECT 1 FROM context.documents AS document
      WHERE (document.tenant_id, document.source, document.document_id)
        = (passage.tenant_id, passage.source, passage.document_id) AND document.document_key = passage.passage_key >> 14)`);
  expect(strays.rows).toEqual([{ count: 0 }]);

  const wrongPostings = await pool.query(`
    SELECT tenant_id, term, passage_key, passage_length FROM context.postings
    EXCEPT ALL SELECT tenant_id, unnest(terms), passage_key, token_count FROM context.passages`);
  const missingPostings = await pool.query(`
    SELECT tenant_id, unnest(terms), passage_key, token_count FROM context.passages
    EXCEPT ALL SELECT tenant_id, term, passage_key, passage_length FROM context.postings`);
  const lengths = await pool.query(`
    SELECT passage_key FROM context.passages LEFT JOIN context.postings USING (tenant_id, passage_key)
    GROUP BY tenant_id, passage_key HAVING coalesce(sum(term_count), 0) <> max(token_count)`);
  expect([wrongPostings.rows, missingPostings.rows, lengths.rows]).toEqual([[], [], []]);
}
