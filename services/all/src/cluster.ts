import { realpath } from 'node:fs/promises';
import { join } from 'node:path';

import { createAuthService } from '@gantry/auth/service';
import { createContextService } from '@gantry/context/service';
import { loadSecrets, lockDataFolder, removeCredentials } from '@gantry/data-folder';
import { startEmbeddedPostgres } from '@gantry/embedded-postgres';
import { createGatewayService } from '@gantry/gateway/service';
import { createResourceService } from '@gantry/resource/service';
import { type ProcessHost, type RunningService, startServices } from '@gantry/runtime';
import type { Logger } from '@gantry/telemetry';
import { createToolService } from '@gantry/tool/service';

import { type Config, serviceConfigParsers as parsers } from './config.ts';
import { chooseInternalPorts } from './default-ports.ts';
import { listenersOf, requireFree } from './listeners.ts';

/** The name of the process, in its logs, metrics and messages. */
export const PROCESS_NAME = 'gantry';

/** The cluster of this process. */
export interface Cluster extends RunningService {
  /** Where the embedded Postgres keeps its data, when that is not in the data folder. */
  readonly databaseFolder: string | undefined;
}

/**
 * Starts the whole cluster in this process: the database when none is given, then the five services, each with its own
 * gRPC server on loopback, so that every hop is the same as between processes.
 *
 * To replace a part, call startServices with your own list: it is all this function does.
 */
export async function startCluster(config: Config, host: Pick<ProcessHost, 'platform'>): Promise<Cluster> {
  await using stack = new AsyncDisposableStack();
  // From here on no other Gantry that runs owns what is in the folder.
  stack.use(await lockDataFolder(config.dataFolder));
  await requireFree(listenersOf(config.env));
  const secrets = await loadSecrets(config.dataFolder);
  await removeCredentials(config.dataFolder);
  const { logger } = await host.platform(PROCESS_NAME);
  const { url: databaseUrl, folder: databaseFolder } = await openDatabase(config, logger, stack);
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
    databaseFolder,
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

interface Database {
  readonly url: string;
  readonly folder: string | undefined;
}

async function openDatabase(
  { databaseUrl, dataFolder }: Config,
  logger: Logger,
  stack: AsyncDisposableStack,
): Promise<Database> {
  if (databaseUrl !== undefined) return { url: databaseUrl, folder: undefined };
  const dataDirectory = join(dataFolder, 'postgres');
  const log = (line: string) => logger.info({ line }, 'embedded postgres');
  const postgres = await startEmbeddedPostgres({ dataDirectory, durable: true, log });
  stack.defer(() => postgres.stop());
  // It is started again when it dies. When even that fails, this process ends, and not with 0: somebody has to look.
  void postgres.lost.then((error) => {
    throw error;
  });
  const isInside = postgres.directory === (await realpath(dataDirectory));
  return { url: postgres.url(), folder: isInside ? undefined : postgres.directory };
}
