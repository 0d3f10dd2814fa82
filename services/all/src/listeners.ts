import { once } from 'node:events';
import { createServer } from 'node:net';

import { AppError } from '@gantry/errors';
import { envSchema as gatewayEnvSchema } from '@gantry/gateway/config';
import { commonEnv, parseEnv } from '@gantry/runtime';

/** An address that this process is told to listen on. */
export interface Listener {
  /** Its settings are `<name>_HOST` and `<name>_PORT`. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Whether other processes may listen on it too. */
  readonly isShared: boolean;
}

/** The gRPC servers that only this process uses; without a setting they take any port that is free. */
const INTERNAL = ['AUTH_GRPC', 'CONTEXT_GRPC', 'RESOURCE_GRPC', 'TOOL_GRPC'];

const gatewaySchema = gatewayEnvSchema.pick({
  GATEWAY_HTTP_HOST: true,
  GATEWAY_HTTP_PORT: true,
  GATEWAY_GRPC_HOST: true,
  GATEWAY_GRPC_PORT: true,
  GATEWAY_REUSE_PORT: true,
});

/** The default of every service. */
const LOOPBACK = '127.0.0.1';

/** Returns the addresses that clients know, and of those that only this process uses the ones that are set. */
export function listenersOf(env: NodeJS.ProcessEnv): Listener[] {
  const gateway = parseEnv(gatewaySchema, env);
  const internal = INTERNAL.filter((name) => env[`${name}_PORT`]).map((name) => ({
    name,
    host: env[`${name}_HOST`] || LOOPBACK,
    port: Number(env[`${name}_PORT`]),
    isShared: false,
  }));
  return [
    {
      name: 'GATEWAY_HTTP',
      host: gateway.GATEWAY_HTTP_HOST,
      port: gateway.GATEWAY_HTTP_PORT,
      isShared: gateway.GATEWAY_REUSE_PORT,
    },
    {
      name: 'GATEWAY_GRPC',
      host: gateway.GATEWAY_GRPC_HOST,
      port: gateway.GATEWAY_GRPC_PORT,
      isShared: gateway.GATEWAY_REUSE_PORT,
    },
    ...internal,
  ];
}

/** Returns where the admin server listens; it does so before anything else. */
export function adminListenerOf(env: NodeJS.ProcessEnv): Listener {
  const { ADMIN_HOST: host, ADMIN_PORT: port } = parseEnv(
    { ADMIN_HOST: commonEnv.ADMIN_HOST, ADMIN_PORT: commonEnv.ADMIN_PORT },
    env,
  );
  return { name: 'ADMIN', host, port, isShared: false };
}

/**
 * Tries all addresses before anything is started.
 *
 * @throws {AppError} ADDRESS_UNAVAILABLE with a sentence for each that cannot be listened on.
 */
export async function requireFree(listeners: readonly Listener[]): Promise<void> {
  const problems = (await Promise.all(listeners.map(problemOf))).filter((problem) => problem !== undefined);
  if (problems.length === 0) return;
  throw new AppError({ code: 'FAILED_PRECONDITION', reason: 'ADDRESS_UNAVAILABLE', message: problems.join('\n') });
}

async function problemOf(listener: Listener): Promise<string | undefined> {
  const { host, port, isShared } = listener;
  const probe = createServer();
  try {
    probe.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port, reusePort: isShared });
    await once(probe, 'listening');
  } catch (error) {
    return explainListenFailure(listener, error);
  }
  await probe[Symbol.asyncDispose]();
  return undefined;
}

/** Returns a sentence that says why an address cannot be listened on, and which variable chooses another. */
export function explainListenFailure({ name, host, port }: Listener, error: unknown): string {
  const start = `cannot listen on ${host}:${port}`;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  switch (code) {
    case 'EADDRINUSE':
      return `${start}: it is in use; stop the other program or set ${name}_PORT (0 takes any free one)`;
    case 'EACCES':
      return `${start}: this user may not; set ${name}_PORT to a port above 1023`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${start}: this machine has no such address; set ${name}_HOST to one it has`;
    default:
      return `${start} (${code}); set ${name}_HOST and ${name}_PORT to an address that is free`;
  }
}
