-- Ids and names compare byte by byte (collation "C"), so that lists have one order on every machine.
create table auth.tenants (
  tenant_id text collate "C" not null primary key check (tenant_id ~ '^[a-z][a-z0-9-]{0,62}$'),
  display_name text not null,
  created_at timestamptz not null
);

create table auth.roles (
  tenant_id text collate "C" not null references auth.tenants (tenant_id),
  name text collate "C" not null,
  permissions text[] collate "C" not null,
  primary key (tenant_id, name)
);

create table auth.users (
  tenant_id text collate "C" not null references auth.tenants (tenant_id),
  user_id text collate "C" not null,
  permissions text[] collate "C" not null,
  created_at timestamptz not null,
  primary key (tenant_id, user_id)
);

create table auth.user_roles (
  tenant_id text collate "C" not null,
  user_id text collate "C" not null,
  role_name text collate "C" not null,
  primary key (tenant_id, user_id, role_name),
  foreign key (tenant_id, user_id) references auth.users (tenant_id, user_id) on delete cascade,
  foreign key (tenant_id, role_name) references auth.roles (tenant_id, name) on delete cascade
);

-- Finds who holds a role: the other direction of the primary key.
create index user_roles_by_role on auth.user_roles (tenant_id, role_name, user_id);

create table auth.grants (
  tenant_id text collate "C" not null,
  user_id text collate "C" not null,
  resource text collate "C" not null,
  action text collate "C" not null,
  primary key (tenant_id, user_id, resource, action),
  foreign key (tenant_id, user_id) references auth.users (tenant_id, user_id) on delete cascade
);

create table auth.api_keys (
  tenant_id text collate "C" not null,
  key_id text collate "C" not null check (key_id ~ '^[0-9a-f]{16}$'),
  user_id text collate "C" not null,
  name text not null,
  -- SHA-256 of the key; the key itself is nowhere.
  secret_hash bytea not null check (octet_length(secret_hash) = 32),
  -- The secret before the last rotation, while both work.
  previous_hash bytea check (octet_length(previous_hash) = 32),
  previous_until timestamptz,
  requests_per_minute integer not null check (requests_per_minute >= 0),
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  primary key (tenant_id, key_id),
  -- A key names no tenant: authentication finds the tenant by the key.
  unique (key_id),
  foreign key (tenant_id, user_id) references auth.users (tenant_id, user_id),
  check ((previous_hash is null) = (previous_until is null))
);

create index api_keys_newest on auth.api_keys (tenant_id, created_at desc, key_id);

-- What each user may do: directly, by role and by grant.
create view auth.effective_permissions as
  select u.tenant_id, u.user_id, p.permission
    from auth.users u cross join lateral unnest(u.permissions) as p (permission)
  union
  select ur.tenant_id, ur.user_id, p.permission
    from auth.user_roles ur
    join auth.roles r on r.tenant_id = ur.tenant_id and r.name = ur.role_name
    cross join lateral unnest(r.permissions) as p (permission)
  union
  select g.tenant_id, g.user_id, g.resource || ':' || g.action
    from auth.grants g;
