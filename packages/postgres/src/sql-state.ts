/** Names the SQLSTATE codes that this project acts on. */
export const SqlState = {
  UNIQUE_VIOLATION: '23505',
  FOREIGN_KEY_VIOLATION: '23503',
  NOT_NULL_VIOLATION: '23502',
  CHECK_VIOLATION: '23514',
  EXCLUSION_VIOLATION: '23P01',
  INVALID_TEXT_REPRESENTATION: '22P02',
  UNTRANSLATABLE_CHARACTER: '22P05',
  STRING_DATA_RIGHT_TRUNCATION: '22001',
  NUMERIC_VALUE_OUT_OF_RANGE: '22003',
  READ_ONLY_SQL_TRANSACTION: '25006',
  IDLE_IN_TRANSACTION_SESSION_TIMEOUT: '25P03',
  INVALID_PASSWORD: '28P01',
  INVALID_CATALOG_NAME: '3D000',
  SERIALIZATION_FAILURE: '40001',
  DEADLOCK_DETECTED: '40P01',
  INSUFFICIENT_PRIVILEGE: '42501',
  UNDEFINED_TABLE: '42P01',
  DUPLICATE_TABLE: '42P07',
  TOO_MANY_CONNECTIONS: '53300',
  OBJECT_IN_USE: '55006',
  LOCK_NOT_AVAILABLE: '55P03',
  QUERY_CANCELED: '57014',
  ADMIN_SHUTDOWN: '57P01',
  CRASH_SHUTDOWN: '57P02',
  CANNOT_CONNECT_NOW: '57P03',
  DATABASE_DROPPED: '57P04',
} as const satisfies Record<string, string>;

/** A name in {@link SqlState}. */
export type SqlStateName = keyof typeof SqlState;

/**
 * Tells whether an error came from Postgres with one of these codes.
 *
 * @example
 * if (isSqlState(error, 'UNIQUE_VIOLATION')) throw documentExists(id);
 */
export function isSqlState(error: unknown, ...names: readonly SqlStateName[]): boolean {
  const code = errorCode(error);
  return names.some((name) => SqlState[name] === code);
}

/** Answers the `code` of an error: a SQLSTATE, or the name of a system error such as `ECONNREFUSED`. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
