import { hash } from 'node:crypto';

import { apiKeyIdOf } from '@gantry/identity';

import { credentialInvalid, credentialMissing } from '../errors.ts';

/** An API key, and the hash it is known by here. */
export interface ApiKey {
  readonly secret: string;
  /** Its SHA-256. Nothing that lives longer than a request or its connection holds the key itself. */
  readonly hash: string;
}

/** What a client has shown of itself. It is looked at once, however often a request asks who it is from. */
export class PresentedCredential {
  readonly #authorization: string | undefined;
  #apiKey: ApiKey | undefined;

  /** @param authorization The `authorization` as it came; undefined when there was none. */
  constructor(authorization: string | undefined) {
    this.#authorization = authorization;
  }

  /**
   * Returns the API key. What cannot be one never reaches auth.
   *
   * @throws {AppError} CREDENTIAL_MISSING, CREDENTIAL_INVALID.
   */
  get apiKey(): ApiKey {
    this.#apiKey ??= parse(this.#authorization);
    return this.#apiKey;
  }
}

function parse(authorization: string | undefined): ApiKey {
  const [, secret] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
  if (secret === undefined) throw credentialMissing();
  if (apiKeyIdOf(secret) === undefined) throw credentialInvalid();
  return { secret, hash: hash('sha256', secret, 'base64') };
}
