/**
 * The statements of PgDocumentStore, one operation each. Rows go in as arrays, one a column. Rows that writers could
 * wait for each other on are always taken in the order of their names.
 */

/** How many low bits of a passage's key are its place in its document; the others are the document's key. */
export const ORDINAL_BITS = 14;

const documentColumns = `title, type, source_url, written_at, metadata_json, fingerprint, text_bytes, passage_count`;

export const readVersions = `
  SELECT source, document_id AS "documentId", fingerprint, passage_count AS "passageCount"
  FROM context.documents JOIN unnest($2::text[], $3::text[]) AS wanted (source, document_id) USING (source, document_id)
  WHERE tenant_id = $1`;

/** Answers the documents that are new or have changed; locks them all, so that nobody else changes them meanwhile. */
export const upsertDocuments = `
  INSERT INTO context.documents AS stored (tenant_id, updated_at, document_key, source, document_id, ${documentColumns})
  SELECT $1, $2::timestamptz, nextval('context.document_keys'), source, document_id, ${documentColumns}
  FROM unnest(
    $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::text[], $10::text[], $11::int[], $12::int[]
  ) AS given (source, document_id, ${documentColumns})
  ORDER BY source COLLATE "C", document_id COLLATE "C"
  ON CONFLICT (tenant_id, source, document_id) DO UPDATE
  SET (updated_at, document_key, ${documentColumns}) = (
    excluded.updated_at, excluded.document_key, excluded.title, excluded.type, excluded.source_url, excluded.written_at, excluded.metadata_json,
    excluded.fingerprint, excluded.text_bytes, excluded.passage_count
  )
  WHERE stored.fingerprint <> excluded.fingerprint
  RETURNING source, document_id AS "documentId", document_key AS "documentKey", xmax = 0 AS "isNew"`;

export const deleteDocuments = `
  WITH doomed AS (
    SELECT source, document_id
    FROM context.documents JOIN unnest($2::text[], $3::text[]) AS given (source, document_id) USING (source, document_id)
    WHERE tenant_id = $1
    ORDER BY source, document_id
    FOR UPDATE OF documents
  )
  DELETE FROM context.documents USING doomed
  WHERE tenant_id = $1 AND documents.source = doomed.source AND documents.document_id = doomed.document_id
  RETURNING documents.source, documents.document_id AS "documentId"`;

/** Takes the passages of documents out of the index and answers what they counted for, by source. */
export const deletePassages = `
  WITH gone AS (
    DELETE FROM context.passages USING unnest($2::text[], $3::text[]) AS given (source, document_id)
    WHERE tenant_id = $1 AND passages.source = given.source AND passages.document_id = given.document_id
    RETURNING passage_key, passages.source, token_count, terms
  ), gone_postings AS (
    DELETE FROM context.postings USING (SELECT passage_key, unnest(terms) AS term FROM gone) AS entry
    WHERE postings.tenant_id = $1 AND postings.term = entry.term AND postings.passage_key = entry.passage_key
  )
  SELECT source, count(*)::int AS "passageCount", sum(token_count)::int AS "tokenCount" FROM gone GROUP BY source`;

/** Terms hold no space, so a passage's go in as one text: an array of arrays would have to be rectangular. */
export const insertPassages = `
  WITH given AS MATERIALIZED (
    SELECT document_key << ${ORDINAL_BITS} | ordinal AS passage_key, string_to_array(term_list, ' ') AS terms,
      string_to_array(count_list, ' ')::int[] AS term_counts, passage_id, source, document_id, ordinal, token_count, content
    FROM unnest(
      $2::text[], $3::text[], $4::text[], $5::bigint[], $6::int[], $7::int[], $8::text[], $9::text[], $10::text[]
    ) AS row (passage_id, source, document_id, document_key, ordinal, token_count, content, term_list, count_list)
  ), added AS (
    INSERT INTO context.passages
      (tenant_id, passage_key, passage_id, source, document_id, ordinal, token_count, content, terms)
    SELECT $1, passage_key, passage_id, source, document_id, ordinal, token_count, content, terms FROM given
  )
  INSERT INTO context.postings (tenant_id, term, passage_key, term_count, passage_length)
  SELECT $1, entry.term, passage_key, entry.term_count, token_count
  FROM given, unnest(terms, term_counts) AS entry (term, term_count)
  ORDER BY entry.term COLLATE "C", passage_key`;

export const addToSources = `
  INSERT INTO context.sources AS stored (tenant_id, name, document_count, passage_count, token_count, updated_at)
  SELECT $1, name, document_count, passage_count, token_count, $2::timestamptz
  FROM unnest($3::text[], $4::int[], $5::int[], $6::int[]) AS given (name, document_count, passage_count, token_count)
  ORDER BY name COLLATE "C"
  ON CONFLICT (tenant_id, name) DO UPDATE
  SET document_count = stored.document_count + excluded.document_count,
    passage_count = stored.passage_count + excluded.passage_count,
    token_count = stored.token_count + excluded.token_count,
    updated_at = greatest(stored.updated_at, excluded.updated_at)`;

export const deleteEmptySources = `
  DELETE FROM context.sources WHERE tenant_id = $1 AND name = ANY ($2::text[]) AND document_count = 0`;

export const listDocuments = `
  SELECT source, document_id AS "documentId", title, source_url AS "sourceUrl", text_bytes AS "textBytes",
    passage_count AS "passageCount", (extract(epoch FROM written_at) * 1000)::float8 AS "writtenAtMs",
    (extract(epoch FROM updated_at) * 1000)::float8 AS "updatedAtMs"
  FROM context.documents
  WHERE tenant_id = $1 AND ($2::text IS NULL OR source = $2)
    AND ($3::text IS NULL OR (source, document_id) > ($3::text, $4::text))
  ORDER BY source, document_id
  LIMIT $5`;

export const listSources = `
  SELECT name, document_count::float8 AS "documentCount", passage_count::float8 AS "passageCount",
    (extract(epoch FROM updated_at) * 1000)::float8 AS "updatedAtMs"
  FROM context.sources WHERE tenant_id = $1 ORDER BY name LIMIT $2`;

export const hasSource = `SELECT 1 FROM context.sources WHERE tenant_id = $1 AND name = $2`;
