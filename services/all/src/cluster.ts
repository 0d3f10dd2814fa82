import { join } from 'node:path';

import { createAuthService } from '@gantry/auth/service';
import { createContextService } from '@gantry/context/service';
import { loadSecrets, removeCredentials } from '@gantry/data-folder';
import { startEmbeddedPostgres } from '@gantry/embedded-postgres';
import { createGatewayService } from '@gantry/gateway/service';
import { createResourceService } from '@gantry/resource/service';
import { type ProcessHost, type RunningService, startServices } from '@gantry/runtime';
import { createToolService } from '@gantry/tool/service';

import { type Config, serviceConfigParsers as parsers } from './config.ts';
import { chooseInternalPorts } from './default-ports.ts';

/**
 * Starts the whole cluster in this process: the database when none is given, then the five services, each with its own
 * gRPC server on loopback, so that every hop is the same as between processes.
 *
 * To replace a part, call startServices with your own list: it is all this function does.
 */
export async function startCluster(config: Config, host: Pick<ProcessHost, 'platform'>): Promise<RunningService> {
  await using stack = new AsyncDisposableStack();
  const secrets = await loadSecrets(config.dataFolder);
  const databaseUrl = config.databaseUrl ?? (await openDatabase(config.dataFolder, stack));
  await removeCredentials(config.dataFolder);
  const env = {
    ...(await chooseInternalPorts(config.env)),
    GANTRY_CLUSTER_SECRET: secrets.clusterSecret,
    AUTH_BOOTSTRAP_API_KEY: secrets.apiKey,
    ...config.env,
    DATABASE_URL: databaseUrl,
  };
  const services = stack.use(await startAll(env, host));
  const running = stack.move();
  return {
    endpoints: services.endpoints,
    drain: () => services.drain(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function startAll(env: NodeJS.ProcessEnv, host: Pick<ProcessHost, 'platform'>): Promise<RunningService> {
  return startServices(
    [
      { name: 'auth', create: (platform) => createAuthService(parsers.auth(env), platform) },
      {
        name: 'context',
        create: (platform, { auth }) =>
          createContextService(parsers.context({ ...env, AUTH_ADDRESS: auth?.['grpc'] }), platform),
      },
      {
        name: 'resource',
        create: (platform, { auth }) =>
          createResourceService(parsers.resource({ ...env, AUTH_ADDRESS: auth?.['grpc'] }), platform),
      },
      {
        name: 'tool',
        create: (platform, endpoints) =>
          createToolService(parsers.tool({ ...env, ...addressesOf(endpoints) }), platform),
      },
      {
        name: 'gateway',
        create: (platform, endpoints) =>
          createGatewayService(parsers.gateway({ ...env, ...addressesOf(endpoints) }), platform),
      },
    ],
    host,
  );
}

function addressesOf(endpoints: Readonly<Record<string, Readonly<Record<string, string>>>>): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(endpoints).map(([name, { grpc }]) => [`${name.toUpperCase()}_ADDRESS`, grpc]),
  );
}

async function openDatabase(dataFolder: string, stack: AsyncDisposableStack): Promise<string> {
  const dataDirectory = join(dataFolder, 'postgres');
  const postgres = await startEmbeddedPostgres({ dataDirectory, durable: true });
  stack.defer(() => postgres.stop());
  return postgres.url();
}
