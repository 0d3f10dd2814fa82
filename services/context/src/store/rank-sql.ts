import { BM25_B, BM25_K1 } from '../domain/bm25.ts';
import { ORDINAL_BITS } from './document-sql.ts';

const documentKey = `passage_key >> ${ORDINAL_BITS}`;

/**
 * Ranks passages: the formula of domain/bm25.ts as one statement, and so over one moment of the corpus. A term's document
 * frequency is the number of its postings that this very statement reads; they are kept as arrays meanwhile, which is several
 * times faster than joining them with it as rows. Parameters: tenant, terms, weights, sources
 * (empty: all), whether only the best passage of each document counts, limit, offset.
 */
export const rankPassages = `
  WITH corpus AS (
    SELECT sum(passage_count)::float8 AS passages, (sum(token_count) / nullif(sum(passage_count), 0))::float8 AS average
    FROM context.sources WHERE tenant_id = $1
  ), term AS MATERIALIZED (
    SELECT question.weight * ln(1 + (corpus.passages - df + 0.5) / (df + 0.5)) * ${BM25_K1 + 1} AS weight, keys, impacts
    FROM corpus CROSS JOIN unnest($2::text[], $3::float8[]) AS question (term, weight) CROSS JOIN LATERAL (
      SELECT count(*)::float8 AS df, array_agg(passage_key) AS keys, array_agg(
        term_count / (term_count + ${BM25_K1} * (${1 - BM25_B} + ${BM25_B} * passage_length / corpus.average))
      ) AS impacts
      FROM context.postings WHERE tenant_id = $1 AND postings.term = question.term
    ) AS posting
  ), scored AS MATERIALIZED (
    SELECT passage_key, sum(weight * impact) AS score
    FROM term CROSS JOIN LATERAL unnest(keys, impacts) AS posting (passage_key, impact)
    GROUP BY passage_key
  ), eligible AS MATERIALIZED (
    SELECT passage_key, score FROM scored
    WHERE cardinality($4::text[]) = 0 OR ${documentKey} IN (
      SELECT document_key FROM context.documents WHERE tenant_id = $1 AND source = ANY ($4::text[])
    )
  ), result AS MATERIALIZED (
    SELECT passage_key, score FROM eligible WHERE NOT $5::boolean
    UNION ALL (
      SELECT DISTINCT ON (${documentKey}) passage_key, score FROM eligible WHERE $5::boolean
      ORDER BY ${documentKey}, score DESC, passage_key
    )
  ), page AS MATERIALIZED (
    SELECT passage_key, score FROM result ORDER BY score DESC, passage_key LIMIT $6 OFFSET $7
  ), summary AS (
    SELECT (SELECT count(*)::float8 FROM eligible) AS "total", count(*)::float8 AS "resultCount", max(score) AS "bestScore"
    FROM result
  ), answer AS (
    SELECT page.score, page.passage_key, passage_id AS "passageId", content, source, document_id AS "documentId", title,
      type, source_url AS "sourceUrl", metadata_json AS "metadataJson",
      (extract(epoch FROM written_at) * 1000)::float8 AS "writtenAtMs"
    FROM page
    -- OFFSET 0 has each looked up by its key: without statistics the planner would read the whole tables.
    CROSS JOIN LATERAL (
      SELECT passage_id, content, source, document_id FROM context.passages AS passage
      WHERE passage.tenant_id = $1 AND passage.passage_key = page.passage_key OFFSET 0
    ) AS passage
    CROSS JOIN LATERAL (
      SELECT title, type, source_url, metadata_json, written_at FROM context.documents AS document
      WHERE document.tenant_id = $1 AND document.source = passage.source AND document.document_id = passage.document_id
      OFFSET 0
    ) AS document
  )
  SELECT summary."total", summary."resultCount", summary."bestScore", answer.*
  FROM summary LEFT JOIN answer ON true
  ORDER BY answer.score DESC, answer.passage_key`;
