import type { IncomingMessage } from 'node:http';

import { bodyTooLarge, contentTypeUnsupported } from '../errors.ts';
import { BODY_BYTES_MAX } from '../json-rpc/parse-body.ts';
import type { BodyShare } from './body-budget.ts';

const JSON_TYPE = /^application\/json *(?:;|$)/i;
const CHARSET = /; *charset *= *"?([^\s;"]*)"? *(?=;|$)/i;

/**
 * Reads the body of a request.
 *
 * @throws {AppError} BODY_TOO_LARGE, GATEWAY_OVERLOADED. Rejects with another error when the client goes away.
 */
export async function readBody(request: IncomingMessage, share: BodyShare): Promise<Uint8Array> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) throw bodyTooLarge(BODY_BYTES_MAX);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const stop = (error: unknown) => {
      request.off('data', take);
      // What is left is for whoever answers to throw away.
      request.pause();
      // Whatever it is, it is what was thrown.
      reject(error instanceof Error ? error : new Error('the body could not be read', { cause: error }));
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
    request.on('data', take);
    request.once('end', () =>
      resolve(chunks[0] !== undefined && chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)),
    );
    request.once('error', reject);
  });
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
