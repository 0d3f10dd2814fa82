-- The catalog. A row of tenant '*' is there for every tenant; a row of a tenant stands before it.
CREATE TABLE tools (
  tenant_id text NOT NULL,
  name text NOT NULL CHECK (name ~ '^[A-Za-z0-9_.-]{1,128}$'),
  definition jsonb NOT NULL,
  definition_sha256 bytea NOT NULL CHECK (length(definition_sha256) = 32),
  enabled boolean NOT NULL DEFAULT true,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, name)
);
