import type { IncomingMessage } from 'node:http';

import { bodyTooLarge, contentTypeUnsupported } from '../errors.ts';
import { BODY_BYTES_MAX } from '../json-rpc/parse-body.ts';
import type { BodyShare } from './body-budget.ts';

const JSON_TYPE = /^application\/json *(?:;|$)/i;
const CHARSET = /; *charset *= *"?([^\s;"]*)"? *(?=;|$)/i;

/** Who a body is read for. One of the two is called, once. */
export interface BodyReceiver {
  received(body: Uint8Array): void;
  /** With BODY_TOO_LARGE, GATEWAY_OVERLOADED, or another error when the client went away. */
  failed(error: unknown): void;
}

/**
 * Reads the body of a request.
 *
 * @throws {AppError} BODY_TOO_LARGE when its length says so.
 */
export function readBody(request: IncomingMessage, share: BodyShare, receiver: BodyReceiver): void {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) throw bodyTooLarge(BODY_BYTES_MAX);
  const chunks: Buffer[] = [];
  let bytes = 0;
  let isOver = false;
  const stop = (error: unknown) => {
    // A client that hangs up when its body is here has said all it had to say.
    if (isOver) return;
    isOver = true;
    request.off('data', take);
    // What is left is for whoever answers to throw away.
    request.pause();
    receiver.failed(error);
  };
  const take = (chunk: Buffer) => {
    bytes += chunk.length;
    try {
      if (bytes > BODY_BYTES_MAX) throw bodyTooLarge(BODY_BYTES_MAX);
      share.take(chunk.length);
      chunks.push(chunk);
    } catch (error) {
      stop(error);
    }
  };
  const end = () => {
    if (isOver) return;
    isOver = true;
    receiver.received(chunks[0] !== undefined && chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
  };
  request.on('data', take);
  request.on('end', end);
  request.on('error', stop);
}

/**
 * Checks that a body is declared to be plain JSON in UTF-8.
 *
 * @throws {AppError} CONTENT_TYPE_UNSUPPORTED.
 */
export function checkContentType({ headers }: IncomingMessage): void {
  const type = headers['content-type'] ?? '';
  if (!JSON_TYPE.test(type)) {
    throw contentTypeUnsupported('the body must be JSON; send "content-type: application/json"');
  }
  const [, charset = 'utf-8'] = CHARSET.exec(type) ?? [];
  if (!/^utf-?8$/i.test(charset)) throw contentTypeUnsupported('the body must be UTF-8; send JSON without a charset');
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw contentTypeUnsupported('the body must not be compressed; send it without content-encoding');
  }
}
