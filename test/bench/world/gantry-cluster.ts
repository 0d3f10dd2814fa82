import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { generateApiKey } from '@gantry/identity';
import { NODE_FLAGS } from '@gantry/runtime/node-flags';
import { createTestDatabase } from '@gantry/testkit';

import { createLimitedKey } from './api-key.ts';
import { type BenchProcess, startProcess } from './child-process.ts';
import { parseReadyLine, type Ready } from './ready-line.ts';

/** The services of a cluster. */
export type ServiceName = 'auth' | 'context' | 'resource' | 'tool' | 'gateway';

/** Whether a request waits until its audit event is stored. */
export type AuditMode = 'async' | 'strict';

/** Says how a cluster runs. */
export interface ClusterOptions {
  readonly audit: AuditMode;
  /** Where the processes write their logs. */
  readonly folder: string;
  readonly redisUrl: string;
  /** Gets the cluster's database, to drop it when the run is broken off. */
  readonly databases: Set<AsyncDisposable>;
  /** Settings beside those of the benchmark, for all services. */
  readonly env?: NodeJS.ProcessEnv;
  /** How many of a service. Default 1. */
  readonly replicas?: Partial<Record<ServiceName, number>>;
  /** Programs that run in the place of a service's own main.ts. */
  readonly mains?: Partial<Record<ServiceName, string>>;
  /** Arguments of node, before the service's main.ts. */
  readonly nodeArgs?: (service: ServiceName) => readonly string[];
}

/** A replica of a service. */
export interface ServiceProcess extends BenchProcess {
  readonly name: ServiceName;
  readonly ready: Ready;
}

/** A cluster with a process a replica, on a database of its own. */
export interface GantryCluster extends AsyncDisposable {
  readonly audit: AuditMode;
  /** An API key that permits everything, whose rate is finite: the limiter counts, and refuses nothing. */
  readonly apiKey: string;
  readonly databaseUrl: string;
  /** `http://127.0.0.1:port/mcp` */
  readonly url: string;
  /** `ws://127.0.0.1:port/ws` */
  readonly ws: string;
  /** `host:port` */
  readonly grpc: string;
  readonly processes: readonly ServiceProcess[];
  /** Stops the processes, so that what they write at their end is there. */
  stop(): Promise<void>;
}

/** Calls of one tool at a time: beyond all connections of any scenario, since a refused call is not what is measured. */
const TOOL_CONCURRENCY_MAX = '10000';

/** Starts the five services as a user would: everything on, logs at info into a file. */
export async function startGantryCluster(options: ClusterOptions): Promise<GantryCluster> {
  await using stack = new AsyncDisposableStack();
  const database = await createTestDatabase();
  options.databases.add(database);
  stack.defer(async () => {
    await database[Symbol.asyncDispose]();
    options.databases.delete(database);
  });
  const bootstrapKey = generateApiKey().secret;
  const common = {
    PATH: process.env['PATH'],
    DATABASE_URL: database.url,
    REDIS_URL: options.redisUrl,
    GANTRY_CLUSTER_SECRET: randomBytes(32).toString('hex'),
    AUTH_BOOTSTRAP_API_KEY: bootstrapKey,
    GATEWAY_AUDIT_MODE: options.audit,
    GATEWAY_HTTP_PORT: '0',
    ADMIN_PORT: '0',
    TOOL_CONCURRENCY_MAX,
    ...options.env,
  };
  const { processes, gateways } = await startServices(common, options, stack);
  const endpoints = gateways[0]?.endpoints ?? {};
  const url = endpoints['http'] ?? '';
  const apiKey = await createLimitedKey({ url, adminKey: bootstrapKey, databaseUrl: database.url });
  const kept = stack.move();
  return {
    audit: options.audit,
    apiKey,
    databaseUrl: database.url,
    url,
    ws: webSocketUrlOf(url),
    grpc: endpoints['grpc'] ?? '',
    processes,
    stop: () => kept.disposeAsync(),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function startServices(common: NodeJS.ProcessEnv, options: ClusterOptions, stack: AsyncDisposableStack) {
  const logFolder = join(options.folder, `${options.audit}-${randomBytes(3).toString('hex')}`);
  await mkdir(logFolder);
  const processes: ServiceProcess[] = [];
  /** Starts all replicas of a service and returns what each says when it is ready. */
  const start = async (name: ServiceName, env: NodeJS.ProcessEnv): Promise<Ready[]> => {
    const replicas: Ready[] = [];
    for (let replica = 1; replica <= (options.replicas?.[name] ?? 1); replica += 1) {
      const started = stack.use(
        await startProcess({
          name,
          args: [...NODE_FLAGS, ...(options.nodeArgs?.(name) ?? []), options.mains?.[name] ?? mainOf(name)],
          env: { ...common, ...env, [`${name.toUpperCase()}_GRPC_PORT`]: '0', ...sharedPortsOf(name, replicas) },
          logFile: join(logFolder, `${name}-${replica}.log`),
          parseReady: parseReadyLine,
        }),
      );
      processes.push({ ...started, name });
      replicas.push(started.ready);
    }
    return replicas;
  };
  const AUTH_ADDRESS = targetOf(await start('auth', {}));
  const [context, resource] = await Promise.all([
    start('context', { AUTH_ADDRESS }),
    start('resource', { AUTH_ADDRESS }),
  ]);
  const addresses = { AUTH_ADDRESS, CONTEXT_ADDRESS: targetOf(context), RESOURCE_ADDRESS: targetOf(resource) };
  const tool = await start('tool', addresses);
  const isShared = (options.replicas?.gateway ?? 1) > 1;
  const gateways = await start('gateway', {
    ...addresses,
    TOOL_ADDRESS: targetOf(tool),
    GATEWAY_REUSE_PORT: String(isShared),
  });
  return { processes, gateways };
}

/** Returns where the metrics of all replicas of a service are, without the path. */
export function adminUrlsOf({ processes }: Pick<GantryCluster, 'processes'>, service: ServiceName): string[] {
  return processes.filter(({ name }) => name === service).map(({ ready }) => ready.adminUrl);
}

function webSocketUrlOf(url: string): string {
  return url.replace('http://', 'ws://').replace(/\/mcp$/, '/ws');
}

/** The second gateway shares the ports that the first one took. */
function sharedPortsOf(name: ServiceName, [first]: readonly Ready[]): NodeJS.ProcessEnv {
  if (name !== 'gateway' || first === undefined) return {};
  const { http = '', grpc = '' } = first.endpoints;
  return { GATEWAY_HTTP_PORT: new URL(http).port, GATEWAY_GRPC_PORT: new URL(`http://${grpc}`).port };
}

/** Several addresses make a target that the client balances over. */
function targetOf(replicas: readonly Ready[]): string {
  const addresses = replicas.map(({ endpoints }) => endpoints['grpc'] ?? '');
  return addresses.length === 1 ? addresses.join() : `ipv4:${addresses.join(',')}`;
}

function mainOf(name: ServiceName): string {
  return fileURLToPath(new URL(`../../../services/${name}/src/main.ts`, import.meta.url));
}
