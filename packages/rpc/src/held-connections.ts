import type { Socket } from 'node:net';

import { ChannelCredentials, credentials } from '@grpc/grpc-js';

type SecureConnector = ReturnType<ChannelCredentials['_createSecureConnector']>;

/**
 * The connections of one client, without TLS. grpc-js 1.14 asks its credentials about each connection that it makes, which is
 * the one place where they can be had, and tells them when it needs none to an address any more.
 *
 * It does not see to that by itself: a connection that is on its way when its client is closed is made all the same; one that
 * could not be made is tried again after its client was closed, and then kept; and so is one to addresses that were resolved
 * only after. Each stays open for as long as both processes live. To be deleted when grpc-js closes what it does not use.
 */
export class HeldConnections extends ChannelCredentials {
  readonly #plain = credentials.createInsecure();
  #isReleased = false;

  /** Whether no connections are to be made any more. */
  get isReleased(): boolean {
    return this.#isReleased;
  }

  /** Makes no more connections. Those that are there are closed by their client. */
  release(): void {
    this.#isReleased = true;
  }

  _isSecure(): boolean {
    return false;
  }

  _equals(other: ChannelCredentials): boolean {
    return other === this;
  }

  _createSecureConnector(...options: Parameters<ChannelCredentials['_createSecureConnector']>): SecureConnector {
    return new AddressConnector(this, this.#plain._createSecureConnector(...options));
  }
}

/** The connections to one address, one after the other. */
class AddressConnector implements SecureConnector {
  readonly #connections: HeldConnections;
  readonly #plain: SecureConnector;
  #socket: Socket | undefined;
  #isDestroyed = false;

  constructor(connections: HeldConnections, plain: SecureConnector) {
    this.#connections = connections;
    this.#plain = plain;
  }

  /** Is called before a connection is made. */
  async waitForReady(): Promise<void> {
    this.#assertNeeded();
    await this.#plain.waitForReady();
  }

  /** Is called when a connection was made. If it rejects, grpc-js destroys the socket. */
  async connect(socket: Socket): ReturnType<SecureConnector['connect']> {
    this.#assertNeeded();
    this.#socket = socket;
    return this.#plain.connect(socket);
  }

  getCallCredentials(): ReturnType<SecureConnector['getCallCredentials']> {
    return this.#plain.getCallCredentials();
  }

  /** Is called when the address is not needed any more. */
  destroy(): void {
    this.#isDestroyed = true;
    this.#plain.destroy();
    // A server that has said something has a session, which grpc-js closes when its last call has ended.
    if (this.#socket?.bytesRead === 0) this.#socket.destroy();
  }

  #assertNeeded(): void {
    if (this.#isDestroyed || this.#connections.isReleased) throw new Error('the client was closed');
  }
}
