import type { AppError } from '@gantry/errors';
import type { WebSocket } from 'ws';

import type { ConnectionLoad } from './connection-load.ts';
import { toFrameRefusal } from './frame.ts';
import {
  MessageConnection,
  type MessageConnectionOptions,
  type MessageLink,
  UNSENT_BYTES_MAX,
  UNSENT_BYTES_PAUSE,
} from './message-connection.ts';
import { createMessageWindow, WEBSOCKET_MESSAGES_IN_FLIGHT_MAX } from './message-window.ts';
import { withShare } from './shared-window.ts';

/** RFC 6455 §7.4. */
const closeCodes = { goingAway: 1001, policyViolation: 1008, tryAgainLater: 1013 } as const;

/** By the reason of the error that a connection ends with; all others are violations. */
const closeCodeByReason: ReadonlyMap<string, number> = new Map([
  ['GATEWAY_DRAINING', closeCodes.goingAway],
  ['RESPONSES_UNREAD', closeCodes.tryAgainLater],
]);

/** RFC 6455 §5.5: a close frame has 125 bytes, two of them the code. The messages of our own errors are ASCII. */
const CLOSE_REASON_CHARACTERS_MAX = 123;

/**
 * The longest message that is sent: with what may wait when its request is begun, and as much again that is sent meanwhile, it does
 * not cut the connection of a client that reads.
 */
export const WEBSOCKET_MESSAGE_BYTES_MAX = UNSENT_BYTES_MAX - 2 * UNSENT_BYTES_PAUSE;

/** What a WebSocket's connection needs. */
export type WebSocketConnectionOptions = Omit<MessageConnectionOptions, 'link' | 'window' | 'transport'> & {
  readonly socket: WebSocket;
  /** Of all WebSockets. */
  readonly load: ConnectionLoad;
};

/** Makes a connection of a WebSocket that is open. */
export function createWebSocketConnection({ socket, load, ...options }: WebSocketConnectionOptions): MessageConnection {
  const link = new WebSocketLink(socket, () => connection.wasRead());
  const share = load.open(options.credentialId, () => connection.goOn());
  const window = withShare(createMessageWindow(WEBSOCKET_MESSAGES_IN_FLIGHT_MAX), share);
  const connection = new MessageConnection({ ...options, link, window, transport: 'websocket' });
  socket.on('message', (data, isBinary) => connection.take(toInput(data, isBinary)));
  socket.on('pong', () => connection.heard());
  socket.on('error', (error) => {
    // ws has closed the connection already, with the code of RFC 6455 that says why; this is for the record.
    const refusal = toFrameRefusal(error);
    if (refusal !== undefined) connection.refuse(refusal);
  });
  socket.on('close', () => {
    connection.abandon();
    share[Symbol.dispose]();
  });
  return connection;
}

function toInput(data: WebSocket.RawData, isBinary: boolean): string | Uint8Array {
  const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
  // A text frame has been checked to be UTF-8.
  return isBinary ? bytes : bytes.toString('utf8');
}

class WebSocketLink implements MessageLink {
  readonly messageBytesMax = WEBSOCKET_MESSAGE_BYTES_MAX;
  readonly #socket: WebSocket;
  readonly #onRead: () => void;

  constructor(socket: WebSocket, onRead: () => void) {
    this.#socket = socket;
    this.#onRead = onRead;
  }

  get unsentBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(text: string): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text, this.#onRead);
  }

  ping(): void {
    this.#socket.ping();
  }

  get isPaused(): boolean {
    return this.#socket.isPaused;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  async close({ reason, message }: AppError): Promise<void> {
    const socket = this.#socket;
    if (socket.readyState === socket.CLOSED) return;
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const code = closeCodeByReason.get(reason) ?? closeCodes.policyViolation;
    socket.close(code, message.slice(0, CLOSE_REASON_CHARACTERS_MAX));
    await closed;
  }

  terminate(): void {
    this.#socket.terminate();
  }
}
