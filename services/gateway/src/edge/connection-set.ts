import { credentialRevoked, gatewayDraining } from '../errors.ts';
import type { MessageConnection } from './message-connection.ts';

/** How often connections are pinged and their credentials looked at; load balancers cut what is silent for a minute. */
const CHECK_INTERVAL_MS = 30_000;

/** How often it is looked whether clients read. */
const READER_CHECK_INTERVAL_MS = 1_000;

/** Options of createConnectionSet. */
export interface ConnectionSetOptions {
  /** Default 30,000. */
  readonly checkIntervalMs?: number | undefined;
}

/** The connections of a process, whatever their transport. Disposing it cuts them off. */
export interface ConnectionSet extends Disposable {
  /** Bounded by what each transport takes. One that is added while the set drains is drained. */
  add(connection: MessageConnection): void;
  delete(connection: MessageConnection): void;
  /** Closes the connections of a credential that has been revoked. */
  closeCredential(credentialId: string): void;
  /** Answers what is in flight and closes every connection. */
  drain(): Promise<void>;
  readonly isDraining: boolean;
  /** Resources that the connections follow. */
  readonly subscriptionCount: number;
  /** Bytes of messages that have come and are not begun. */
  readonly queuedBytes: number;
  /** Bytes that were sent and that their clients have not taken. */
  readonly unsentBytes: number;
}

/** Creates the set, which looks after its connections: pings, credentials, and whether clients read. */
export function createConnectionSet({ checkIntervalMs = CHECK_INTERVAL_MS }: ConnectionSetOptions = {}): ConnectionSet {
  const connections = new Set<MessageConnection>();
  let isDraining = false;
  const timers = [
    setInterval(() => connections.forEach((connection) => connection.check()), checkIntervalMs),
    setInterval(() => connections.forEach((connection) => connection.checkReader()), READER_CHECK_INTERVAL_MS),
  ];
  return {
    add(connection) {
      connections.add(connection);
      if (isDraining) void connection.drain();
    },
    delete: (connection) => void connections.delete(connection),
    closeCredential(credentialId) {
      for (const connection of connections) {
        if (connection.credentialId === credentialId) connection.close(credentialRevoked());
      }
    },
    async drain() {
      isDraining = true;
      await Promise.all([...connections].map((connection) => connection.drain()));
    },
    get isDraining() {
      return isDraining;
    },
    get subscriptionCount() {
      return connections.values().reduce((sum, { subscriptionCount }) => sum + subscriptionCount, 0);
    },
    get queuedBytes() {
      return connections.values().reduce((sum, { queuedBytes }) => sum + queuedBytes, 0);
    },
    get unsentBytes() {
      return connections.values().reduce((sum, { unsentBytes }) => sum + unsentBytes, 0);
    },
    [Symbol.dispose]() {
      for (const timer of timers) clearInterval(timer);
      for (const connection of connections) connection.terminate(gatewayDraining());
    },
  };
}
