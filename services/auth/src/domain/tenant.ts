/** The tenant whose administrators operate the cluster: they create the other tenants. */
export const OPERATOR_TENANT = 'default';

/** ListTenants pages. */
export const TENANTS_PER_PAGE_MAX = 1_000;

/** Room for the name of an organisation. */
export const DISPLAY_NAME_CHARACTERS_MAX = 200;

/** An organisation, or a part of one: nothing of it is visible to another. */
export interface Tenant {
  readonly tenantId: string;
  readonly displayName: string;
}

/** Tells whether a text can be the id of a tenant: 1 to 63 of `a-z0-9-`, starting with a letter. */
export function isTenantId(text: string): boolean {
  return NAME.test(text);
}

/** Tells whether a text can be the name of a role: as the id of a tenant. */
export function isRoleName(text: string): boolean {
  return NAME.test(text);
}

const NAME = /^[a-z][a-z0-9-]{0,62}$/;
