import { type Client, connectivityState } from '@grpc/grpc-js';

/** How long a connection may take to be there, or to fail, before its client is closed all the same. */
const CONNECTING_MAX_MS = 2_000;

/**
 * Closes a client. One that is about to connect is closed when it has: grpc-js 1.14 forgets the socket of a client that is closed
 * between the beginning and the end of its TCP handshake (Http2SubchannelConnector.createSession rejects and leaves it open),
 * and it stays open for as long as both processes live. To be deleted when grpc-js destroys that socket.
 */
export function closeClient(client: Client): void {
  const channel = client.getChannel();
  if (channel.getConnectivityState(false) !== connectivityState.CONNECTING) return client.close();
  channel.watchConnectivityState(connectivityState.CONNECTING, Date.now() + CONNECTING_MAX_MS, () => client.close());
}
