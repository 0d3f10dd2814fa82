import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Returns ports of 127.0.0.1 that were free a moment ago: different ones, and none of `except`, which are promised to
 * somebody who does not listen yet.
 */
export async function freePorts(count: number, except: readonly number[]): Promise<number[]> {
  // All are held until the last is found, so that none is found twice.
  await using stack = new AsyncDisposableStack();
  const ports: number[] = [];
  while (ports.length < count) {
    const server = stack.use(createServer());
    const port = await listen(server);
    if (!except.includes(port)) ports.push(port);
  }
  return ports;
}

/** Tells whether nobody listens on a port of 127.0.0.1, and this user may. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await listen(server, port);
  } catch {
    return false;
  }
  await server[Symbol.asyncDispose]();
  return true;
}

async function listen(server: Server, wanted = 0): Promise<number> {
  server.listen({ port: wanted, host: '127.0.0.1' });
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
