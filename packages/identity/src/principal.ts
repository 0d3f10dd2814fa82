/** Who a request acts for, as auth established it from a credential. */
export interface Principal {
  /** The tenant that every read and write is confined to. */
  readonly tenantId: string;
  /** The user within the tenant. */
  readonly userId: string;
  /** The credential it came from; never a secret. */
  readonly credentialId: string;
  /** The names of the roles the user holds. */
  readonly roles: readonly string[];
  /** Every permission, as `resource:action`; `*` stands for any resource or any action. */
  readonly permissions: readonly string[];
  /** How many requests a minute it may send; 0 means unlimited. */
  readonly requestsPerMinute: number;
}

/**
 * Who called an RPC: a principal, by an assertion of auth; another service on its own behalf, by a service token; or
 * somebody unknown, which only methods that say so accept.
 */
export type Caller =
  | { readonly kind: 'principal'; readonly principal: Principal }
  | { readonly kind: 'service'; readonly service: string }
  | { readonly kind: 'anonymous' };
