import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';

import { resourceTooLarge, upstreamUnavailable } from '../errors.ts';
import { discard } from './discard.ts';
import type { OutboundResponse } from './outbound-client.ts';

/** What may stand in `accept-encoding`: all that is decoded here. */
export const ACCEPTED_ENCODINGS = 'gzip, br, zstd, deflate';

const DECODERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['br', createBrotliDecompress],
  ['zstd', createZstdDecompress],
  ['deflate', createInflate],
]);

/**
 * Reads the body of an answer and undoes its content encoding. Both what arrives and what comes out of it is counted, so a
 * small answer that unpacks into a huge one stops at the limit, and so does an endless one.
 *
 * @throws {AppError} RESOURCE_TOO_LARGE; UPSTREAM_UNAVAILABLE for an encoding nobody asked for.
 */
export async function readBody(
  response: OutboundResponse,
  { bytesMax }: { readonly bytesMax: number },
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { headers, body } = response;
  const decode = decoderOf(headers['content-encoding'] ?? '');
  if (decode === 'unknown' || Number(headers['content-length']) > bytesMax) {
    discard(response);
    throw decode === 'unknown'
      ? upstreamUnavailable('the source answers in an encoding that was not asked for')
      : resourceTooLarge(bytesMax);
  }
  const received: Uint8Array[] = [];
  const collect = async (chunks: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of capped(chunks, bytesMax)) received.push(chunk);
  };
  if (decode === undefined) await pipeline(body, collect, { signal });
  else
    await pipeline(body, (chunks: AsyncIterable<Uint8Array>) => capped(chunks, bytesMax), decode(), collect, {
      signal,
    });
  return new Uint8Array(Buffer.concat(received));
}

async function* capped(chunks: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Uint8Array, void, void> {
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > bytesMax) throw resourceTooLarge(bytesMax);
    yield chunk;
  }
}

function decoderOf(encoding: string): (() => Transform) | 'unknown' | undefined {
  const name = encoding.trim().toLowerCase();
  if (name === '' || name === 'identity') return undefined;
  return DECODERS.get(name) ?? 'unknown';
}
