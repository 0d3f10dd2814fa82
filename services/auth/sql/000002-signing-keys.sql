-- Public keys only: each replica keeps its private key in its own memory.
create table auth.signing_keys (
  key_id text collate "C" not null primary key,
  public_key bytea not null check (octet_length(public_key) = 32),
  created_at timestamptz not null,
  expires_at timestamptz not null
);

create index signing_keys_by_expiry on auth.signing_keys (expires_at);
