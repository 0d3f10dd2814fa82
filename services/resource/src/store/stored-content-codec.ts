import type { StoredContent } from '../domain/ports.ts';

/** What stands before the bytes of an entry. */
type Header = Omit<StoredContent, 'bytes'>;

/** The length of the header, as a 32-bit number. */
const LENGTH_BYTES = 4;

/** Packs content for the shared levels of the cache: length of the header, header as JSON, bytes. */
export function encodeStoredContent({ bytes, ...header }: StoredContent): Uint8Array {
  const headerBytes = Buffer.from(JSON.stringify(header satisfies Header));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(headerBytes.length);
  return Buffer.concat([length, headerBytes, bytes]);
}

/** Unpacks what encodeStoredContent packed; throws on anything else, which the cache takes for a miss. */
export function decodeStoredContent(entry: Uint8Array): StoredContent {
  const buffer = Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength);
  const headerEnd = LENGTH_BYTES + buffer.readUInt32BE(0);
  if (headerEnd > buffer.length) throw new RangeError('the entry is shorter than its header says');
  // Written by encodeStoredContent, in a store that only this service writes to.
  const header = JSON.parse(buffer.toString('utf8', LENGTH_BYTES, headerEnd)) as Header;
  return { ...header, bytes: new Uint8Array(buffer.subarray(headerEnd)) };
}
