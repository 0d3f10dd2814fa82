import { createServer } from 'node:net';

/** Ports that only this process uses, and the defaults of the services themselves. */
const INTERNAL_PORTS = {
  CONTEXT_GRPC_PORT: 50_052,
  TOOL_GRPC_PORT: 50_053,
  RESOURCE_GRPC_PORT: 50_054,
  AUTH_GRPC_PORT: 50_055,
} as const;

/** The admin port of the process, and its default. */
export const adminPort = { ADMIN_PORT: 9464 } as const;

/**
 * Returns settings for the ports that the environment does not set: the default where it is free, else any. A second Gantry
 * on the machine then starts; a port that somebody did set is theirs to mend.
 */
export async function chooseInternalPorts(
  env: NodeJS.ProcessEnv,
  ports: Readonly<Record<string, number>> = INTERNAL_PORTS,
): Promise<Record<string, string>> {
  const unset = Object.entries(ports).filter(([name]) => (env[name] ?? '') === '');
  const chosen = unset.map(async ([name, port]) => [name, (await isFree(port)) ? String(port) : '0'] as const);
  return Object.fromEntries(await Promise.all(chosen));
}

function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = createServer();
  probe.once('error', () => resolve(false));
  probe.listen({ port, host: '127.0.0.1' }, () => probe.close(() => resolve(true)));
  return promise;
}
