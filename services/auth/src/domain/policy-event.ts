/** A change that ends the use of what a gateway has cached. */
export type PolicyEvent =
  | { readonly kind: 'credential_revoked'; readonly credentialId: string }
  | { readonly kind: 'tenant_policy_changed' };

/** A change as it is stored and delivered, in the order of ids. */
export interface StoredPolicyEvent {
  readonly id: bigint;
  readonly tenantId: string;
  readonly event: PolicyEvent;
}
