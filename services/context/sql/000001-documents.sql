-- Names compare by code point, so that order does not depend on the locale a database was made with.

-- They grow, so that the newest passages of a term are neighbours.
CREATE SEQUENCE document_keys AS bigint;

CREATE TABLE documents (
  tenant_id text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  document_id text COLLATE "C" NOT NULL,
  -- Another one after every change.
  document_key bigint NOT NULL,
  title text NOT NULL,
  type text NOT NULL,
  source_url text NOT NULL,
  written_at timestamptz NOT NULL,
  -- Text, not jsonb: it goes back exactly as it came, and jsonb refuses \u0000.
  metadata_json text NOT NULL,
  fingerprint text NOT NULL,
  text_bytes integer NOT NULL,
  passage_count integer NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, source, document_id) INCLUDE (document_key)
);

CREATE TABLE passages (
  tenant_id text COLLATE "C" NOT NULL,
  -- document_key << 14 | ordinal: a posting tells which document it is of without a join.
  passage_key bigint NOT NULL,
  passage_id text NOT NULL,
  source text COLLATE "C" NOT NULL,
  document_id text COLLATE "C" NOT NULL,
  ordinal integer NOT NULL,
  token_count integer NOT NULL,
  content text NOT NULL,
  -- What the passage has in postings, so that it can be taken out even when the tokenizer has changed since.
  terms text[] NOT NULL,
  PRIMARY KEY (tenant_id, passage_key)
);

CREATE UNIQUE INDEX passages_of_document ON passages (tenant_id, source, document_id, ordinal);

-- The inverted index. A look-up of a term reads neighbours of one B-tree, which has all that a score needs.
CREATE TABLE postings (
  passage_key bigint NOT NULL,
  term_count integer NOT NULL,
  passage_length integer NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  term text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, term, passage_key) INCLUDE (term_count, passage_length)
);

-- Exact at every moment: changed in the transaction that changes what it counts. The corpus of a tenant is the sum of its
-- sources, so that writers of different sources do not wait for each other.
CREATE TABLE sources (
  tenant_id text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  document_count bigint NOT NULL,
  passage_count bigint NOT NULL,
  token_count bigint NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, name)
) WITH (fillfactor = 50);
