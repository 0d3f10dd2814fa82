import { type ChannelOptions, Client } from '@grpc/grpc-js';

import { HeldConnections } from './held-connections.ts';

/** A client of grpc-js, without TLS, that leaves no connection behind when it is closed. Calls in flight go on. */
export class GrpcClient extends Client {
  readonly #connections: HeldConnections;

  constructor(target: string, options: ChannelOptions) {
    const connections = new HeldConnections();
    super(target, connections, options);
    this.#connections = connections;
  }

  override close(): void {
    this.#connections.release();
    super.close();
  }
}
