import { resolve } from 'node:path';

import {
  type Credentials,
  credentialsPath,
  loadSecrets,
  lockDataFolder,
  removeCredentials,
  writeCredentials,
} from '@gantry/data-folder';

import { CliError } from '../cli-error.ts';
import { printJson, printText } from '../output.ts';
import { isSet, settingOf } from '../setting.ts';
import { listenForStop } from './stop-request.ts';
import { type Supervised, supervise } from './supervisor.ts';
import {
  type ClusterService,
  type Member,
  planTopology,
  type Replicas,
  isGateway,
  requireFreePorts,
  targetOf,
  type Topology,
} from './topology.ts';

/** Says what to run. */
export interface RunClusterOptions {
  readonly replicas: Replicas;
  readonly env: NodeJS.ProcessEnv;
  readonly dataFolder: string;
  /** Whether the summary is one line of JSON. */
  readonly isJson: boolean;
}

/** Runs a process per replica against DATABASE_URL and REDIS_URL until a signal comes; returns the exit code. */
export async function runCluster({ replicas, env, dataFolder: folder, isJson }: RunClusterOptions): Promise<number> {
  requireStores(env);
  const dataFolder = resolve(folder);
  // From here on no other Gantry that runs owns what is in the folder.
  await using _lock = await lockDataFolder(dataFolder);
  const topology = await planTopology(replicas, env);
  await requireFreePorts(topology);
  const secrets = await loadSecrets(dataFolder);
  await removeCredentials(dataFolder);
  const apiKey = (await settingOf('AUTH_BOOTSTRAP_API_KEY', env)) ?? secrets.apiKey;
  const shared = {
    LOG_LEVEL: 'warn',
    ...env,
    ...(!isSet('GANTRY_CLUSTER_SECRET', env) && { GANTRY_CLUSTER_SECRET: secrets.clusterSecret }),
    ...addressesOf(topology),
  };
  // The key that permits everything is for the service that makes it known, and for nobody else.
  const bootstrap = isSet('AUTH_BOOTSTRAP_API_KEY', env) ? {} : { AUTH_BOOTSTRAP_API_KEY: secrets.apiKey };
  const envOf = (member: Member) => ({
    ...shared,
    ...portsOf(member, topology),
    ...(member.service === 'auth' && bootstrap),
  });
  const stopping = new AbortController();
  const running: Supervised[] = [];
  const startMembers = async (isWanted: (member: Member) => boolean) => {
    if (stopping.signal.aborted) return;
    const started = topology.members
      .filter(isWanted)
      .map((member) => supervise(member, { env: envOf(member), stopping: stopping.signal, report: warn }));
    running.push(...started);
    await Promise.all(started.map(({ ready }) => ready));
  };
  const startAll = async () => {
    await startMembers((member) => !isGateway(member));
    await startMembers(isGateway);
  };
  using stop = listenForStop(() => running.forEach((member) => member.insist()));
  let exitCode = 0;
  try {
    if ((await Promise.race([startAll(), stop.requested])) !== 'stop') {
      await announce(topology, { apiKey, dataFolder, isJson });
      await stop.requested;
    }
  } finally {
    stopping.abort();
    exitCode = await stopAll(running);
  }
  return exitCode;
}

function requireStores(env: NodeJS.ProcessEnv): void {
  const missing = ['DATABASE_URL', 'REDIS_URL'].filter((name) => !isSet(name, env));
  if (missing.length === 0) return;
  throw new CliError(`a cluster of several processes needs ${missing.join(' and ')}`, {
    hint:
      'set them, e.g. DATABASE_URL=postgres://user:password@localhost:5432/gantry REDIS_URL=redis://localhost:6379; ' +
      'or run `npm start`, which needs neither',
  });
}

function addressesOf(topology: Topology): Record<string, string> {
  const callees: readonly ClusterService[] = ['auth', 'context', 'resource', 'tool'];
  return Object.fromEntries(callees.map((name) => [`${name.toUpperCase()}_ADDRESS`, targetOf(name, topology)]));
}

function portsOf({ service, grpcPort, adminPort }: Member, { httpPort }: Topology): Record<string, string> {
  return {
    [`${service.toUpperCase()}_GRPC_PORT`]: String(grpcPort),
    ADMIN_PORT: String(adminPort),
    GATEWAY_HTTP_PORT: String(httpPort),
    // The kernel spreads connections over the replicas, so no proxy is needed.
    GATEWAY_REUSE_PORT: 'true',
  };
}

async function announce(
  topology: Topology,
  { apiKey, dataFolder, isJson }: { readonly apiKey: string; readonly dataFolder: string; readonly isJson: boolean },
): Promise<void> {
  const credentials = credentialsOf(topology, apiKey);
  const path = credentialsPath(dataFolder);
  await writeCredentials(dataFolder, credentials);
  if (isJson) printJson({ ...credentials, credentials: path, members: topology.members });
  else printText(summarize(topology, credentials, path));
}

function credentialsOf({ members, httpPort }: Topology, apiKey: string): Credentials {
  const gateway = members.find(({ service }) => service === 'gateway');
  return {
    url: `http://127.0.0.1:${httpPort}/mcp`,
    ws: `ws://127.0.0.1:${httpPort}/ws`,
    grpc: `127.0.0.1:${gateway?.grpcPort ?? 0}`,
    apiKey,
  };
}

function summarize(topology: Topology, { url, ws, apiKey }: Credentials, path: string): string {
  const rows = topology.members.map(
    ({ service, replica, grpcPort, adminPort }) =>
      `  ${`${service}-${replica}`.padEnd(12)} gRPC 127.0.0.1:${grpcPort}   health http://127.0.0.1:${adminPort}/readyz`,
  );
  return `
Gantry is ready: ${topology.members.length} processes.

  HTTP       ${url}   (the gateway's replicas share its ports)
  WebSocket  ${ws}
  gRPC       ${targetOf('gateway', topology)}
  API key    ${apiKey}
  Also in    ${path}

${rows.join('\n')}

A process that dies is started again. Stop with Ctrl-C.
`;
}

/** The gateway first, so that no request finds its service gone. Returns 0 when all of them ended in order. */
async function stopAll(members: readonly Supervised[]): Promise<number> {
  const gateways = members.filter(({ member }) => isGateway(member));
  const others = members.filter(({ member }) => !isGateway(member));
  const codes = await Promise.all(gateways.map((member) => member.stop()));
  codes.push(...(await Promise.all(others.map((member) => member.stop()))));
  return codes.every((code) => code === 0) ? 0 : 1;
}

function warn(line: string): void {
  process.stderr.write(`gantry: ${line}\n`);
}
