import type { Server } from 'node:http';

import type { Exchange, OpenExchanges } from './open-exchanges.ts';

/** How long a request that is arriving while the gateway drains has to be there whole. */
const LATE_ARRIVAL_MS = 1_000;

/**
 * How long connections stay that nothing is asked on: on each the next request may be on its way, and would be lost with it. Long
 * beside a round trip; a client that asks meanwhile is answered, and told to close.
 */
const LAST_REQUESTS_MS = 250;

/** How the connections of a server end. */
export class HttpDrain {
  readonly #server: Server;
  readonly #active: OpenExchanges;
  readonly #drained = Promise.withResolvers<void>();
  #isDraining = false;
  #isClosing = false;

  constructor(server: Server, active: OpenExchanges) {
    this.#server = server;
    this.#active = active;
  }

  /** Whether connections are to be closed after the request they are on. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Resolves when every connection is closed. */
  start(): Promise<void> {
    if (this.#isDraining) return this.#drained.promise;
    this.#isDraining = true;
    for (const exchange of this.#active) this.limitArrival(exchange);
    setTimeout(() => this.#close(), LAST_REQUESTS_MS);
    return this.#drained.promise;
  }

  /** Cuts the connection of a request that is not there whole in time. */
  limitArrival({ request, response }: Exchange): void {
    const timer = setTimeout(() => {
      if (!request.complete) request.socket.destroy();
    }, LATE_ARRIVAL_MS);
    response.once('close', () => clearTimeout(timer));
  }

  /** Hears that a request has ended. */
  ended(): void {
    this.#closeIdle();
  }

  #close(): void {
    this.#isClosing = true;
    this.#server.close(() => this.#drained.resolve());
    this.#closeIdle();
  }

  #closeIdle(): void {
    // Node's own closing of idle connections leaves those that have not sent a request yet.
    if (this.#isClosing && this.#active.size === 0) this.#server.closeAllConnections();
  }
}
