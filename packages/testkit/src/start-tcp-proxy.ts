import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

/** Where a proxy leads to. */
export interface TcpTarget {
  readonly host: string;
  readonly port: number;
}

/** A TCP proxy on 127.0.0.1 whose wire can be cut. Disposing of it closes everything. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** `127.0.0.1:port` */
  readonly address: string;
  /** How many connections are open through it. */
  readonly connectionCount: number;
  /** Rewrites a URL of the target, so that it leads through the proxy. */
  through(url: string): string;
  /** Resets all connections, and each new one at once: the server is gone. */
  cut(): void;
  /** Lets no byte through in either direction, on old and new connections, and closes none: the network is gone. */
  blackHole(): void;
  /** Lets everything through again. Connections held in the black hole go on where they stopped. */
  heal(): void;
}

type ProxyMode = 'open' | 'cut' | 'black-hole';

/** Starts a proxy in front of a server, for fault tests. Takes `host:port`, a URL, or both parts. */
export async function startTcpProxy(target: string | TcpTarget): Promise<TcpProxy> {
  const destination = typeof target === 'string' ? parseTarget(target) : target;
  const wires = new Set<Wire>();
  let mode: ProxyMode = 'open';
  const server = createServer({ pauseOnConnect: true }, (client) => {
    if (mode === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const wire = new Wire(client, destination);
    wires.add(wire);
    client.once('close', () => wires.delete(wire));
    wire.setFlowing(mode === 'open');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  const setMode = (next: ProxyMode): void => {
    mode = next;
    for (const wire of wires) {
      if (next === 'cut') wire.reset();
      else wire.setFlowing(next === 'open');
    }
  };
  return {
    port,
    address: `127.0.0.1:${port}`,
    get connectionCount() {
      // Node does not always emit `close` for a socket that was reset.
      return wires
        .values()
        .filter((wire) => !wire.isClosed)
        .toArray().length;
    },
    through: (url) => rewrite(url, port),
    cut: () => setMode('cut'),
    blackHole: () => setMode('black-hole'),
    heal: () => setMode('open'),
    [Symbol.asyncDispose]: async () => {
      setMode('cut');
      server.close();
      await once(server, 'close');
    },
  };
}

/** One connection: a socket to the client and one to the target. */
class Wire {
  readonly #sides: readonly [Socket, Socket];

  constructor(client: Socket, target: TcpTarget) {
    const upstream = connect(target);
    this.#sides = [client, upstream];
    forward(client, upstream);
    forward(upstream, client);
  }

  /** Whether its client is gone. */
  get isClosed(): boolean {
    return this.#sides[0].destroyed;
  }

  setFlowing(isFlowing: boolean): void {
    for (const side of this.#sides) {
      if (isFlowing) side.resume();
      else side.pause();
    }
  }

  reset(): void {
    this.#sides.forEach(reset);
  }
}

/** Resets a connection. One that is being closed already would not hear of it: Node then never emits `close`. */
function reset(side: Socket): void {
  if (side.destroyed) return;
  if (side.connecting || side.writableEnded) side.destroy();
  else side.resetAndDestroy();
}

/** Passes on bytes, the end and failures. No backpressure: tests send little, and a pause must stay with the black hole. */
function forward(from: Socket, to: Socket): void {
  from.on('data', (chunk) => to.write(chunk));
  from.on('end', () => to.end());
  from.on('error', () => reset(to));
  from.on('close', () => to.destroySoon());
}

function parseTarget(target: string): TcpTarget {
  const url = new URL(target.includes('://') ? target : `tcp://${target}`);
  const port = Number(url.port === '' ? DEFAULT_PORTS[url.protocol] : url.port);
  if (!Number.isSafeInteger(port)) throw new Error(`${target} names no port`);
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port };
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  'postgres:': 5432,
  'postgresql:': 5432,
  'redis:': 6379,
  'http:': 80,
};

function rewrite(url: string, port: number): string {
  const rewritten = new URL(url);
  rewritten.hostname = '127.0.0.1';
  rewritten.port = String(port);
  return rewritten.href;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');
  return address.port;
}
