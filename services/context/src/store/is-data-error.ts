/** SQLSTATE classes "data exception" and "program limit exceeded": the same data fails the same way again. */
const DATA_ERROR = /^(?:22|54)[0-9A-Z]{3}$/;

/** Tells whether PostgreSQL refused the data itself. */
export function isDataError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && DATA_ERROR.test(error.code);
}
