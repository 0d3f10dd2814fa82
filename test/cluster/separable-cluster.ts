import { randomBytes } from 'node:crypto';

import { serviceConfigParsers as parsers } from '@gantry/all/config';
import { createAuthService } from '@gantry/auth/service';
import { createContextService } from '@gantry/context/service';
import { createGatewayService } from '@gantry/gateway/service';
import { generateApiKey } from '@gantry/identity';
import { createResourceService } from '@gantry/resource/service';
import type { RunningService, ServicePlatform } from '@gantry/runtime';
import { testPlatform } from '@gantry/testkit';
import { createToolService } from '@gantry/tool/service';

/** In the order in which they start. */
export const serviceNames = ['auth', 'context', 'resource', 'tool', 'gateway'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** The five services in this process, each of which can be stopped and started by itself. */
export interface Cluster extends AsyncDisposable {
  readonly apiKey: string;
  /** The HTTP endpoint of the gateway. */
  readonly url: string;
  /** The gRPC address of a service. */
  endpointOf(name: ServiceName): string;
  /** Stops one service; its port is kept for when it starts again. */
  stop(name: ServiceName): Promise<void>;
  start(name: ServiceName): Promise<void>;
}

const GRACE_MS = 1_000;

/** Starts the services on a database of their own. */
export async function startCluster(databaseUrl: string, env: NodeJS.ProcessEnv = {}): Promise<Cluster> {
  const apiKey = generateApiKey().secret;
  const settings: NodeJS.ProcessEnv = {
    DATABASE_URL: databaseUrl,
    GANTRY_CLUSTER_SECRET: randomBytes(32).toString('hex'),
    AUTH_BOOTSTRAP_API_KEY: apiKey,
    GATEWAY_HTTP_PORT: '0',
    ...Object.fromEntries(serviceNames.map((name) => [`${name.toUpperCase()}_GRPC_PORT`, '0'])),
    ...env,
  };
  const running = new Map<ServiceName, RunningService>();
  const start = async (name: ServiceName) => {
    const service = await create(name, settings, testPlatform(name));
    running.set(name, service);
    const address = service.endpoints['grpc'] ?? '';
    settings[`${name.toUpperCase()}_ADDRESS`] = address;
    settings[`${name.toUpperCase()}_GRPC_PORT`] = address.split(':').at(-1);
  };
  const stop = async (name: ServiceName) => {
    const service = running.get(name);
    running.delete(name);
    await Promise.race([service?.drain(), new Promise((resolve) => setTimeout(resolve, GRACE_MS))]);
    await service?.[Symbol.asyncDispose]();
  };
  for (const name of serviceNames) await start(name);
  return {
    apiKey,
    url: running.get('gateway')?.endpoints['http'] ?? '',
    endpointOf: (name) => running.get(name)?.endpoints['grpc'] ?? '',
    start,
    stop,
    async [Symbol.asyncDispose]() {
      for (const name of serviceNames.toReversed()) await stop(name);
    },
  };
}

function create(name: ServiceName, env: NodeJS.ProcessEnv, platform: ServicePlatform): Promise<RunningService> {
  switch (name) {
    case 'auth':
      return createAuthService(parsers.auth(env), platform);
    case 'context':
      return createContextService(parsers.context(env), platform);
    case 'resource':
      return createResourceService(parsers.resource(env), platform);
    case 'tool':
      return createToolService(parsers.tool(env), platform);
    case 'gateway':
      return createGatewayService(parsers.gateway(env), platform);
  }
}
