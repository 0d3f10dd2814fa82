/** Room for a URI or an e-mail address. */
const USER_ID_CHARACTERS_MAX = 200;

/** A list of 1,000 keys names the roles of each key's user, and has to stay below gRPC's 4 MiB. */
export const ROLES_PER_USER_MAX = 32;

/** Creating a key may create a user, so users are capped as keys are; ten for each key that works. */
export const USERS_PER_TENANT_MAX = 100_000;

/**
 * The most bytes that a user's id, roles and permissions have as JSON. Base64 makes 5.5 KiB of them, which with the
 * other claims, the header and the signature stays below the 6 KiB an assertion may have.
 */
export const PRINCIPAL_BYTES_MAX = 4_096;

/** Someone or something that holds credentials. */
export interface User {
  readonly userId: string;
  /** The names of the roles the user holds. */
  readonly roles: readonly string[];
  /** Permissions the user has without a role. */
  readonly permissions: readonly string[];
}

/** What a user may do in the end. */
export interface EffectiveUser {
  readonly roles: readonly string[];
  readonly directPermissions: readonly string[];
  /** Direct permissions, those of the roles, and grants; each once. */
  readonly permissions: readonly string[];
}

/** An action on one resource, allowed to one user. */
export interface Grant {
  readonly userId: string;
  readonly resource: string;
  readonly action: string;
}

/** Tells whether a text can be the id of a user: 1 to 200 characters without white space. */
export function isUserId(text: string): boolean {
  return text.length > 0 && text.length <= USER_ID_CHARACTERS_MAX && !/[\s\p{Cc}]/u.test(text);
}
