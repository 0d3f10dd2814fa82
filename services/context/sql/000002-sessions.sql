CREATE TABLE sessions (
  tenant_id text COLLATE "C" NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  session_id text COLLATE "C" NOT NULL,
  entry_count integer NOT NULL,
  content_bytes integer NOT NULL,
  last_position bigint NOT NULL,
  appended_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, user_id, session_id)
) WITH (fillfactor = 80);

CREATE INDEX sessions_by_age ON sessions (appended_at);

CREATE TABLE session_entries (
  tenant_id text COLLATE "C" NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  session_id text COLLATE "C" NOT NULL,
  position bigint NOT NULL,
  entry_id text COLLATE "C" NOT NULL,
  role text NOT NULL,
  content text NOT NULL,
  appended_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, user_id, session_id, position),
  UNIQUE (tenant_id, user_id, session_id, entry_id),
  FOREIGN KEY (tenant_id, user_id, session_id) REFERENCES sessions ON DELETE CASCADE
);
