import type { IncomingMessage, ServerResponse } from 'node:http';

import { Cancellation } from '@gantry/rpc';

/** A request and its response. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Set off when the client hangs up before it is answered. */
  readonly abandoned = new Cancellation();
  /** Where it is among the open ones. */
  slot = -1;
  #held: Disposable | undefined;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request;
    this.response = response;
  }

  /** Keeps what is to be given back when the exchange is over; at once when it is. */
  holds(resource: Disposable): void {
    if (this.response.closed) resource[Symbol.dispose]();
    else this.#held = resource;
  }

  /** Gives it back: the request has been answered, whenever its client takes the answer. */
  release(): void {
    this.#held?.[Symbol.dispose]();
    this.#held = undefined;
  }

  /** The response is closed: it was sent, or its client is gone. */
  close(): void {
    this.release();
    if (!this.response.writableFinished) this.abandoned.cancel();
  }
}

/**
 * The exchanges that are open, as many as the server takes connections, or a few more. Not a Set: one through which requests pass
 * allocates another table every so many of them, and each keeps the next alive, with all that was in it, until a major
 * collection.
 */
export class OpenExchanges implements Iterable<Exchange> {
  readonly #exchanges: Exchange[] = [];

  get size(): number {
    return this.#exchanges.length;
  }

  add(exchange: Exchange): void {
    exchange.slot = this.#exchanges.length;
    this.#exchanges.push(exchange);
  }

  /** Removes one that is open: the last one takes its place. */
  delete({ slot }: Exchange): void {
    const last = this.#exchanges.pop();
    if (last === undefined || last.slot === slot) return;
    last.slot = slot;
    this.#exchanges[slot] = last;
  }

  /** Those that are open now; any may be closed meanwhile. */
  [Symbol.iterator](): Iterator<Exchange> {
    return [...this.#exchanges].values();
  }
}
