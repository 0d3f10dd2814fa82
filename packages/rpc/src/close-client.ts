import { type Client, connectivityState } from '@grpc/grpc-js';

/** How long a connection may take to be there, or to fail, before its client is closed all the same. */
const CONNECTING_MAX_MS = 2_000;

/** While a client says so, a connection of it may be on its way; after a failure the next one is tried without a word. */
const CONNECTING: ReadonlySet<connectivityState> = new Set([
  connectivityState.CONNECTING,
  connectivityState.TRANSIENT_FAILURE,
]);

/**
 * Closes a client. One that is about to connect is closed when it has: grpc-js 1.14 forgets the socket of a client that is closed
 * between the beginning and the end of its TCP handshake (Http2SubchannelConnector.createSession rejects and leaves it open),
 * and it stays open for as long as both processes live. To be deleted when grpc-js destroys that socket.
 */
export function closeClient(client: Client): void {
  closeWhenSettled(client, Date.now() + CONNECTING_MAX_MS);
}

function closeWhenSettled(client: Client, deadlineMs: number): void {
  const channel = client.getChannel();
  const state = channel.getConnectivityState(false);
  if (!CONNECTING.has(state) || Date.now() >= deadlineMs) return client.close();
  channel.watchConnectivityState(state, deadlineMs, () => {
    // Not from within: who picks connections is not done with this one yet.
    setImmediate(() => closeWhenSettled(client, deadlineMs));
  });
}
