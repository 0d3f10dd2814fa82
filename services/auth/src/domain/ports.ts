import type { ApiKey } from './api-key.ts';
import type { AuditBatch } from './audit-batch.ts';
import type { AuditEvent, AuditQuery } from './audit-event.ts';
import type { PolicyEvent, StoredPolicyEvent } from './policy-event.ts';
import type { Role } from './role.ts';
import type { PublishedKey } from './signing-key.ts';
import type { Tenant } from './tenant.ts';
import type { EffectiveUser, Grant, User } from './user.ts';

/** Tells the time, in epoch milliseconds. */
export interface Clock {
  now(): number;
}

/** A key and everything that its principal is made of. */
export interface Credential {
  readonly tenantId: string;
  readonly userId: string;
  readonly keyId: string;
  readonly secretHash: Uint8Array;
  /** The secret before the last rotation and when it stops working. */
  readonly previous: { readonly secretHash: Uint8Array; readonly untilMs: number } | undefined;
  readonly requestsPerMinute: number;
  readonly expiresAtMs: number | undefined;
  readonly revokedAtMs: number | undefined;
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
}

/** Finds credentials. */
export interface CredentialStore {
  /** Finds a key by its id alone: the one read that names no tenant, because it is where the tenant comes from. */
  find(keyId: string): Promise<Credential | undefined>;
}

/** Keeps tenants and what is in them. */
export interface PolicyStore {
  /** Adds a tenant with its roles; false when there is one of that id. */
  createTenant(tenant: Tenant, roles: readonly Role[]): Promise<boolean>;
  /** Lists tenants by id, those after `afterId`. */
  listTenants(afterId: string, limit: number): Promise<readonly Tenant[]>;
  /** Lists roles by name. */
  listRoles(tenantId: string): Promise<readonly Role[]>;
  /** Lists keys, newest first. */
  listApiKeys(tenantId: string, limit: number): Promise<readonly ApiKey[]>;
  /**
   * Changes one tenant in one transaction. Changes of a tenant happen one after the other, so what `use` reads stays true
   * until it is done. When `use` throws nothing is changed.
   *
   * @throws {AppError} TENANT_NOT_FOUND.
   */
  change<T>(tenantId: string, use: (tenant: TenantChange) => Promise<T>): Promise<T>;
}

/** One tenant while it is being changed. */
export interface TenantChange {
  /** Returns those of the roles that exist. */
  findRoles(names: readonly string[]): Promise<readonly Role[]>;
  countRoles(): Promise<number>;
  putRole(role: Role): Promise<void>;
  deleteRole(name: string): Promise<void>;

  findUser(userId: string): Promise<EffectiveUser | undefined>;
  countUsers(): Promise<number>;
  putUser(user: User): Promise<void>;
  putGrant(grant: Grant): Promise<void>;
  deleteGrant(grant: Grant): Promise<void>;
  /** Returns a user whose id, roles and permissions are over `bytesMax` as JSON: this one, or any holder of a role. */
  findUserOver(
    bytesMax: number,
    who: { readonly userId: string } | { readonly roleName: string },
  ): Promise<string | undefined>;

  findApiKey(keyId: string): Promise<ApiKey | undefined>;
  /** Counts keys that are not revoked and have not expired. */
  countApiKeys(nowMs: number): Promise<number>;
  /** Tells whether a key other than this one works whose user has exactly this permission. */
  hasApiKeyWith(wanted: {
    readonly permission: string;
    readonly exceptKeyId: string;
    readonly nowMs: number;
  }): Promise<boolean>;
  insertApiKey(key: ApiKey, secretHash: Uint8Array): Promise<void>;
  /** Replaces a key's secret; the old one goes on working until `previousUntilMs`, or not at all. */
  replaceSecret(keyId: string, secretHash: Uint8Array, previousUntilMs: number | undefined): Promise<void>;
  revokeApiKey(keyId: string, nowMs: number): Promise<void>;

  /** Tells every gateway, once the change is committed. */
  announce(event: PolicyEvent): void;
}

/** Reads what was announced. */
export interface PolicyEventStore {
  /** The id of the newest event; 0 when there is none. */
  latestId(): Promise<bigint>;
  /** Events after an id, oldest first. */
  listAfter(id: bigint, limit: number): Promise<readonly StoredPolicyEvent[]>;
  /** Deletes at most `limit` events from before a moment. */
  purge(beforeMs: number, limit: number): Promise<void>;
}

/** Keeps the public keys of all replicas. */
export interface SigningKeyStore {
  publish(key: PublishedKey, nowMs: number): Promise<void>;
  /** Lists keys that expire after a moment, newest first. */
  list(nowMs: number, limit: number): Promise<readonly PublishedKey[]>;
  /** Brings the end of a key forward. */
  retire(keyId: string, expiresAtMs: number): Promise<void>;
  /** Deletes at most `limit` keys that expired before a moment. */
  purge(beforeMs: number, limit: number): Promise<void>;
}

/** Keeps the record of what happened. */
export interface AuditStore {
  /** Returns when the events are durable. Those whose tenant, moment and id are stored already stay as they are. */
  append(batch: AuditBatch): Promise<void>;
  /** Lists events, newest first. */
  list(query: AuditQuery): Promise<readonly AuditEvent[]>;
}
