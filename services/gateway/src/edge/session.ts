import { randomUUID } from 'node:crypto';

import { type AppError, toAppError } from '@gantry/errors';
import type { SessionRequest } from '@gantry/protocol/gantry/gateway/v1/mcp_service';

import { sessionAged } from '../errors.ts';
import type { GatewayMetrics } from '../metrics.ts';
import type { ConnectionLoad, ConnectionShare } from './connection-load.ts';
import type { ConnectionSet } from './connection-set.ts';
import { MessageConnection, type MessageConnectionOptions, type MessageLink } from './message-connection.ts';
import { createMessageWindow } from './message-window.ts';
import { FRAME_MESSAGES_MAX, MESSAGE_IN_FRAME_BYTES_MAX, messagesOf } from './session-frame.ts';
import type { SessionOutbox } from './session-outbox.ts';
import { withShare } from './shared-window.ts';

/** Sessions move on to new replicas at this age, give or take a tenth, so that they do not all move at once. */
const SESSION_AGE_MS = 5 * 60_000;
const SESSION_AGE_JITTER = 0.1;

/** The oldest a session gets before it takes no more. */
export const SESSION_AGE_MAX_MS = SESSION_AGE_MS * (1 + SESSION_AGE_JITTER);

/** What sessions share. */
export interface SessionHost {
  readonly load: ConnectionLoad;
  readonly connections: ConnectionSet;
  readonly metrics: Pick<GatewayMetrics, 'activeConnections'>;
  /** Default 300,000. */
  readonly sessionAgeMs?: number | undefined;
}

/** What a session needs. */
export interface SessionOptions extends SessionHost {
  readonly outbox: SessionOutbox;
  readonly connection: Omit<MessageConnectionOptions, 'link' | 'window' | 'transport'>;
}

/** One session that is open: the connection over a stream of frames. To be disposed when the stream has ended. */
export class Session implements Disposable, MessageLink {
  readonly messageBytesMax = MESSAGE_IN_FRAME_BYTES_MAX;
  readonly #options: SessionOptions;
  readonly #share: ConnectionShare;
  readonly #connection: MessageConnection;
  readonly #ageTimer: NodeJS.Timeout;
  readonly #closed = Promise.withResolvers<void>();
  #room: PromiseWithResolvers<void> | undefined;
  #isEnded = false;
  #isDisposed = false;

  /** @throws {AppError} SESSION_LIMIT_REACHED. */
  constructor(options: SessionOptions) {
    this.#options = options;
    const { load, connection, connections, metrics, sessionAgeMs = SESSION_AGE_MS } = options;
    this.#share = load.open(connection.credentialId, () => this.#connection.goOn());
    const window = withShare(createMessageWindow(FRAME_MESSAGES_MAX), this.#share);
    this.#connection = new MessageConnection({ ...connection, link: this, window, transport: 'grpc' });
    this.#ageTimer = setTimeout(() => void this.#connection.drain(sessionAged()), jittered(sessionAgeMs));
    this.#ageTimer.unref();
    metrics.activeConnections.inc({ transport: 'grpc' });
    connections.add(this.#connection);
  }

  get unsentBytes(): number {
    return this.#options.outbox.bytes;
  }

  /** Works on frames until there are no more or the session has ended. Never rejects. */
  async read(frames: AsyncIterable<SessionRequest>): Promise<void> {
    // Not for…of: leaving it would end the stream, on which answers are still to be sent.
    const iterator = frames[Symbol.asyncIterator]();
    try {
      for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) {
        if (this.#isEnded) return;
        for (const message of messagesOf(step.value)) this.#connection.take(message);
        if (this.#connection.isSaturated) this.pause();
        await this.#room?.promise;
      }
      await this.#connection.finish();
      this.#options.outbox.end();
    } catch (thrown) {
      // The frame could not be read, or the client is gone.
      void this.close(toAppError(thrown));
    }
  }

  /** Hears that the client has taken some of what was sent. */
  wasRead(bytes: number): void {
    this.#share.hold(-bytes);
    this.#connection.wasRead();
  }

  send(text: string): void {
    this.#share.hold(this.#options.outbox.put(text));
  }

  ping(): void {
    this.send(JSON.stringify({ jsonrpc: '2.0', id: `gantry-${randomUUID()}`, method: 'ping' }));
  }

  get isPaused(): boolean {
    return this.#room !== undefined;
  }

  pause(): void {
    this.#room ??= Promise.withResolvers();
  }

  resume(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  close(reason: AppError): Promise<void> {
    this.#isEnded = true;
    this.#options.outbox.end(reason);
    return this.#closed.promise;
  }

  terminate(reason: AppError): void {
    this.#options.outbox.clear();
    void this.close(reason);
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#isEnded = true;
    clearTimeout(this.#ageTimer);
    this.#connection.abandon();
    this.#options.connections.delete(this.#connection);
    this.#options.metrics.activeConnections.dec({ transport: 'grpc' });
    this.#share[Symbol.dispose]();
    this.resume();
    this.#closed.resolve();
  }
}

function jittered(ageMs: number): number {
  return ageMs * (1 - SESSION_AGE_JITTER + 2 * SESSION_AGE_JITTER * Math.random());
}
