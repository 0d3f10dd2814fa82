-- What the policy streams deliver. Writers lock the table before they take an id, so ids become visible in their order
-- and a reader that asks for `id > last` misses none.
create table auth.policy_events (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('credential_revoked', 'tenant_policy_changed')),
  tenant_id text collate "C" not null,
  -- The credential that ended; empty when the policy of the tenant changed.
  credential_id text collate "C" not null,
  occurred_at timestamptz not null
);
