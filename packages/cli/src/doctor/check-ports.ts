import { createServer } from 'node:net';

import type { Check } from './check.ts';

const PORTS = { GATEWAY_HTTP_PORT: 8_000, GATEWAY_GRPC_PORT: 50_051 } as const;

/** Looks whether the ports that clients use are free. */
export function checkPorts(env: NodeJS.ProcessEnv): Promise<Check[]> {
  return Promise.all(Object.entries(PORTS).map(([name, fallback]) => checkPort(name, Number(env[name] || fallback))));
}

async function checkPort(variable: string, port: number): Promise<Check> {
  const name = `port ${port}`;
  if (port === 0) return { name, state: 'skipped', found: `${variable} takes any free one` };
  if (await isFree(port)) return { name, state: 'ok', found: 'free' };
  return {
    name,
    state: 'failed',
    found: 'cannot be listened on: used by another program, or no port',
    todo: `stop that program, or set ${variable} to another port (0 takes any free one)`,
  };
}

async function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = createServer();
  probe.once('error', () => resolve(false));
  try {
    probe.listen({ port, host: '127.0.0.1' }, () => probe.close(() => resolve(true)));
  } catch {
    // Thrown for what is no port number.
    return false;
  }
  return promise;
}
