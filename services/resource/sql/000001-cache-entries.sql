-- The third level of the cache. A key begins with its tenant; the table holds copies only and may be emptied at any time.
CREATE UNLOGGED TABLE cache_entries (
  key text PRIMARY KEY,
  value bytea NOT NULL,
  expires_at timestamptz NOT NULL
);

CREATE INDEX cache_entries_expires_at ON cache_entries (expires_at);
