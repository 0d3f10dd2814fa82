import { credentialsPath, loadSecrets, writeCredentials } from '@gantry/data-folder';
import type { ProcessHost } from '@gantry/runtime';

import type { Cluster } from './cluster.ts';
import type { Config } from './config.ts';
import { summarize } from './summary.ts';

/** Writes credentials.json and says on standard output where everything is. To be called once everything answers. */
export async function announce(
  { endpoints, databaseFolder }: Pick<Cluster, 'endpoints' | 'databaseFolder'>,
  { adminUrl }: Pick<ProcessHost, 'adminUrl'>,
  { dataFolder, env, summary }: Config,
): Promise<void> {
  const { apiKey } = await loadSecrets(dataFolder);
  const credentials = {
    url: endpoints['gateway.http'] ?? '',
    grpc: endpoints['gateway.grpc'] ?? '',
    ws: endpoints['gateway.ws'] ?? '',
    apiKey: env['AUTH_BOOTSTRAP_API_KEY'] ?? apiKey,
  };
  await writeCredentials(dataFolder, credentials);
  const paths = { credentials: credentialsPath(dataFolder), adminUrl };
  const text =
    summary === 'json'
      ? `${JSON.stringify({ ...credentials, ...paths, databaseFolder })}\n`
      : summarize(credentials, { ...paths, dataFolder, databaseFolder });
  process.stdout.write(text);
}
