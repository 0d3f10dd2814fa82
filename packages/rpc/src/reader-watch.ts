import { constants } from 'node:http2';

import { AppError } from '@gantry/errors';

/** How long a client may leave unread what its stream has sent, unless the server says otherwise. */
export const READER_STUCK_MS = 30_000;

/** Watches whether the client of a stream reads. */
export interface ReaderWatch {
  /** To be called for each message that is written, and for each that has left the process. */
  readonly wrote: () => void;
  readonly sent: () => void;
  /** To be called when the stream is gone. */
  readonly stop: () => void;
}

/**
 * Creates the watch. `onStuck` is called once, when messages are on their way and not one has left for so long. Its timer runs
 * on from one message to the next, for streams that send thousands a second.
 */
export function createReaderWatch(readerStuckMs: number, onStuck: (error: AppError) => void): ReaderWatch {
  let unsent = 0;
  let sinceMs = 0;
  let timer: NodeJS.Timeout | undefined;
  const arm = (waitMs: number) => {
    timer = setTimeout(check, waitMs);
    timer.unref();
  };
  const check = () => {
    timer = undefined;
    if (unsent === 0) return;
    const stuckMs = performance.now() - sinceMs;
    if (stuckMs >= readerStuckMs) onStuck(responsesUnread());
    else arm(readerStuckMs - stuckMs);
  };
  return {
    wrote() {
      if (unsent === 0) sinceMs = performance.now();
      unsent += 1;
      if (timer === undefined) arm(readerStuckMs);
    },
    sent() {
      unsent -= 1;
      sinceMs = performance.now();
    },
    stop: () => clearTimeout(timer),
  };
}

/**
 * Resets the HTTP/2 stream of a server's call; its client sees RESOURCE_EXHAUSTED. A status would wait behind the messages
 * that are not read, and hold them, for as long as the client keeps its connection. grpc-js offers no way to do this, so it
 * is reached through its private members; session.contract.test.ts of the gateway fails when they change. Without them the call ends by
 * itself, with its connection.
 */
export function resetUnread(grpcCall: unknown): void {
  let call = memberOf(grpcCall, 'call');
  for (let next = memberOf(call, 'nextCall'); next !== undefined; next = memberOf(call, 'nextCall')) call = next;
  const stream = memberOf(call, 'stream');
  if (isClosable(stream)) stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function isClosable(value: unknown): value is { close(code: number): void } {
  return typeof memberOf(value, 'close') === 'function';
}

function responsesUnread(): AppError {
  return new AppError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'RESPONSES_UNREAD',
    message: 'what the stream sends is not read; read while you send',
  });
}
