import type { IncomingMessage } from 'node:http';

import { bodyTooLarge, contentTypeUnsupported } from '../errors.ts';
import { BODY_BYTES_MAX } from '../json-rpc/parse-body.ts';

/**
 * How much of a body that is too large is read and thrown away: a client that is still sending does not see an answer. Beyond
 * it the connection is cut.
 */
const DISCARDED_BYTES_MAX = 32 * 1024 * 1024;

const JSON_TYPE = /^application\/json *(;|$)/i;

/**
 * Reads the body of a request.
 *
 * @throws {AppError} BODY_TOO_LARGE, CONTENT_TYPE_UNSUPPORTED. Rejects with another error when the client goes away.
 */
export async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  checkContentType(request);
  if (Number(request.headers['content-length'] ?? 0) > DISCARDED_BYTES_MAX) throw bodyTooLarge(BODY_BYTES_MAX);
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= BODY_BYTES_MAX) return chunks.push(chunk);
      chunks = [];
      if (bytes > DISCARDED_BYTES_MAX) reject(bodyTooLarge(BODY_BYTES_MAX));
      return undefined;
    });
    request.once('end', () => {
      if (bytes > BODY_BYTES_MAX) return reject(bodyTooLarge(BODY_BYTES_MAX));
      return resolve(chunks[0] !== undefined && chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    });
    request.once('error', reject);
  });
}

function checkContentType({ headers }: IncomingMessage): void {
  if (!JSON_TYPE.test(headers['content-type'] ?? '')) {
    throw contentTypeUnsupported('the body must be JSON; send "content-type: application/json"');
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw contentTypeUnsupported('the body must not be compressed; send it without content-encoding');
  }
}
