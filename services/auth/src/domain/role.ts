/** A response lists all roles of a tenant; 500 of PRINCIPAL_BYTES_MAX each stay below gRPC's 4 MiB. */
export const ROLES_PER_TENANT_MAX = 500;

/** The contract's limit. PRINCIPAL_BYTES_MAX is reached before, unless permissions are very short. */
export const PERMISSIONS_PER_ROLE_MAX = 1_000;

/** A named set of permissions. */
export interface Role {
  readonly name: string;
  /** As `resource:action`, each once. */
  readonly permissions: readonly string[];
}

/** The role of whoever administrates a tenant. */
export const ADMIN_ROLE = 'admin';

/** The user every tenant begins with. */
export const ADMIN_USER = 'admin';

/** The roles every tenant is created with. They cannot be changed, so that a tenant cannot lock itself out by a slip. */
export const builtInRoles: readonly Role[] = [
  { name: ADMIN_ROLE, permissions: ['*:*'] },
  {
    name: 'agent',
    permissions: ['context:read', 'resources:read', 'sessions:read', 'sessions:write', 'tools:execute', 'tools:read'],
  },
  { name: 'reader', permissions: ['context:read', 'documents:read', 'resources:read', 'sessions:read', 'tools:read'] },
];

/** Tells whether a role comes with every tenant. */
export function isBuiltInRole(name: string): boolean {
  return builtInRoles.some((role) => role.name === name);
}
