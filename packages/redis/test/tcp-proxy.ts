import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Stands between a client and a server and can cut, refuse or swallow what passes. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** How many connections were accepted so far. */
  readonly connectionsTotal: number;
  setMode(mode: ProxyMode): void;
  cutAll(): void;
}

/** `pass` forwards; `refuse` closes new connections at once; `swallow` keeps connections and forwards nothing. */
export type ProxyMode = 'pass' | 'refuse' | 'swallow';

export async function startTcpProxy(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let mode: ProxyMode = 'pass';
  let connectionsTotal = 0;
  const server = createServer((downstream) => {
    connectionsTotal += 1;
    if (mode === 'refuse') {
      downstream.destroy();
      return;
    }
    const upstream = connect(target);
    pipe(downstream, upstream);
    pipe(upstream, downstream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') {
    throw new Error('the proxy has no port');
  }

  function pipe(from: Socket, to: Socket): void {
    sockets.add(from);
    from.on('data', (bytes) => {
      if (mode !== 'swallow') {
        to.write(bytes);
      }
    });
    from.on('error', () => to.destroy());
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
  }

  function cutAll(): void {
    for (const socket of sockets) {
      socket.destroy();
    }
  }

  return {
    port: address.port,
    get connectionsTotal() {
      return connectionsTotal;
    },
    setMode: (next) => {
      mode = next;
    },
    cutAll,
    [Symbol.asyncDispose]: async () => {
      cutAll();
      server.close();
      await once(server, 'close');
    },
  };
}
