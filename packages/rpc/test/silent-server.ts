import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A server that takes connections, hears what is sent, and says nothing. */
export interface SilentServer extends Disposable {
  /** `127.0.0.1:port` */
  readonly address: string;
  /** How many connections it has taken. */
  readonly accepted: number;
  /** Those that are open. */
  readonly sockets: ReadonlySet<Socket>;
}

/** Starts it. The first `drops` connections are dropped at once. */
export async function startSilentServer({ drops = 0 } = {}): Promise<SilentServer> {
  let accepted = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    // One that is not read never hears that it was closed.
    socket.resume();
    if (accepted <= drops) socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    get accepted() {
      return accepted;
    },
    sockets,
    [Symbol.dispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
