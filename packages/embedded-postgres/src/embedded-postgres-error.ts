/**
 * Names why an embedded Postgres could not be started or used.
 *
 * - `FOLDER_IN_USE`: another live process holds the data folder.
 * - `VERSION_MISMATCH`: the data was made by another major version of Postgres.
 * - `WRONG_OWNER`: the data belongs to another user of this machine.
 * - `UNREACHABLE`: the unprivileged user that runs Postgres cannot reach the folder.
 * - `DATA_MISSING`: the folder points at data, or needs a password file, that is gone.
 * - `PLATFORM_UNSUPPORTED`: there are no binaries for this machine.
 * - `START_FAILED`: Postgres or initdb ended with an error or did not become ready in time.
 * - `LOST`: Postgres ended while it ran, and starting it again did not help.
 */
export type EmbeddedPostgresReason =
  | 'FOLDER_IN_USE'
  | 'VERSION_MISMATCH'
  | 'WRONG_OWNER'
  | 'UNREACHABLE'
  | 'DATA_MISSING'
  | 'PLATFORM_UNSUPPORTED'
  | 'START_FAILED'
  | 'LOST';

/** Reports a failure of the embedded Postgres. The message says what to do about it. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
  readonly reason: EmbeddedPostgresReason;

  constructor(reason: EmbeddedPostgresReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
