-- One index instead of two: an event is the same as another when its tenant, moment and id are. New rows go to the end of
-- it, however random ids are, and it is what lists of newest events are read from, backwards. Appending costs Postgres
-- about a quarter less, and rows take 80 bytes less.
--
-- Building it takes about a second per million rows; appends wait for it, and gateways hold the events meanwhile. Old code
-- says "on conflict do nothing", which goes by any index.
create unique index audit_events_by_time on auth.audit_events (tenant_id, occurred_at, event_id);
alter table auth.audit_events drop constraint audit_events_pkey;
alter table auth.audit_events add constraint audit_events_pkey primary key using index audit_events_by_time;
drop index auth.audit_events_newest;
