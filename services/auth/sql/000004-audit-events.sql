-- Events without a principal have the empty tenant; no tenant can read them.
create table auth.audit_events (
  tenant_id text collate "C" not null,
  event_id uuid not null,
  occurred_at timestamptz not null,
  user_id text not null,
  credential_id text not null,
  method text not null,
  target text not null,
  outcome text not null check (outcome in ('success', 'denied', 'failure')),
  reason text not null,
  params_sha256 bytea not null,
  duration_micros bigint not null,
  trace_id text not null,
  request_id text not null,
  transport text not null,
  client_address text not null,
  primary key (tenant_id, event_id)
);

create index audit_events_newest on auth.audit_events (tenant_id, occurred_at desc, event_id desc);
