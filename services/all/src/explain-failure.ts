import { DataFolderError } from '@gantry/data-folder';
import { EmbeddedPostgresError } from '@gantry/embedded-postgres';
import { isAppError } from '@gantry/errors';

/**
 * Returns a sentence that says why the cluster cannot start and what to do, for failures that are the environment's;
 * undefined for all others, which are bugs and need their stack.
 */
export function explainFailure(error: unknown): string | undefined {
  if (error instanceof DataFolderError || error instanceof EmbeddedPostgresError || isAppError(error)) {
    return error.message;
  }
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  const port = 'port' in error ? String(error.port) : '';
  if (error.code === 'EADDRINUSE') {
    return `port ${port} is used by another program; stop that one, or choose other ports: GATEWAY_HTTP_PORT, GATEWAY_GRPC_PORT`;
  }
  if (error.code === 'EACCES' && port !== '') return `port ${port} may not be used by this user; choose one above 1023`;
  return undefined;
}
