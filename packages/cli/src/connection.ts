import { readCredentials } from '@gantry/data-folder';

import { CliError, UsageError } from './cli-error.ts';
import type { GlobalOptions } from './global-options.ts';

/** Where the cluster is and what to say to it. */
export interface Connection {
  readonly url: string;
  readonly apiKey: string;
}

/**
 * Finds the cluster: the flags `--url` and `--api-key`, else GANTRY_URL and GANTRY_API_KEY, else the credentials of the data
 * folder. A key without a URL goes to the Gantry of the data folder.
 *
 * @throws {CliError} when there is no cluster to be found.
 */
export async function findConnection(options: Pick<GlobalOptions, 'url' | 'apiKey' | 'dataDir'>): Promise<Connection> {
  const { url, apiKey, dataDir } = options;
  if (url !== undefined) return { url: requireHttp(url), apiKey: apiKey ?? refuseUrlAlone() };
  const credentials = await readCredentials(dataDir);
  if (credentials !== undefined) return { url: credentials.url, apiKey: apiKey ?? credentials.apiKey };
  throw new CliError(`no Gantry was found: there is no credentials.json in ${dataDir}`, {
    hint: 'start one with `npm start`, name its folder with --data-dir, or set GANTRY_URL and GANTRY_API_KEY',
  });
}

function requireHttp(url: string): string {
  if (/^https?:$/.test(URL.parse(url)?.protocol ?? '')) return url;
  throw new UsageError(`"${url}" is not the URL of a gateway`, { hint: 'it looks like http://127.0.0.1:8000/mcp' });
}

/** The key of the data folder permits everything, and belongs to another cluster. */
function refuseUrlAlone(): never {
  throw new UsageError('a URL was given without an API key', {
    hint: 'set GANTRY_API_KEY, or leave out --url and GANTRY_URL',
  });
}
