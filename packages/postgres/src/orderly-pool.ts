import { Pool } from 'pg';
import type { PoolClient, PoolConfig } from 'pg';

/** A server answers a farewell within milliseconds; one that is gone must not hold up the end of a process. */
const CLOSE_MS_MAX = 1_000;

/**
 * A pool whose `end` returns once its sockets are closed. pg's own returns once they have been asked to close: a server that
 * is stopped right after would end them with an error.
 */
export class OrderlyPool extends Pool {
  readonly #open = new Set<PoolClient>();
  readonly #closeMsMax: number;
  #onAllClosed: () => void = () => undefined;

  constructor(config: PoolConfig, { closeMsMax = CLOSE_MS_MAX }: { readonly closeMsMax?: number } = {}) {
    super(config);
    this.#closeMsMax = closeMsMax;
    this.on('connect', (client) => this.#open.add(client));
    this.on('remove', (client) => {
      this.#open.delete(client);
      if (this.#open.size === 0) this.#onAllClosed();
    });
  }

  override end(): Promise<void>;
  override end(callback: () => void): void;
  override end(callback?: () => void): Promise<void> | void {
    const ended = this.#end();
    if (callback === undefined) return ended;
    void ended.then(callback, callback);
  }

  async #end(): Promise<void> {
    await super.end();
    if (this.#open.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#closeMsMax);
    this.#onAllClosed = resolve;
    await promise;
    clearTimeout(timer);
  }
}
