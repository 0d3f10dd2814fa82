/** What a store holds for a key. */
export interface StoredEntry {
  /** The encoded value, or undefined when the source had none. */
  readonly payload: Uint8Array | undefined;
  /** Epoch milliseconds; travels with the entry, so that moving up a level does not make it live longer. */
  readonly expiresAtMs: number;
}

/** Changes with the layout, so that replicas of two versions read each other's entries as misses. */
const VERSION = 1;
const KIND_NONE = 0;
const KIND_VALUE = 1;
/** Version, kind, and a float64 of the expiry. */
const HEADER_BYTES = 10;

/** Writes an entry as bytes: version, kind, expiry, payload. */
export function encodeEntry({ payload, expiresAtMs }: StoredEntry): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + (payload?.byteLength ?? 0));
  bytes[0] = VERSION;
  bytes[1] = payload === undefined ? KIND_NONE : KIND_VALUE;
  new DataView(bytes.buffer).setFloat64(2, expiresAtMs);
  if (payload !== undefined) {
    bytes.set(payload, HEADER_BYTES);
  }
  return bytes;
}

/** Reads an entry, or returns undefined for bytes that are not one of this version. */
export function decodeEntry(bytes: Uint8Array): StoredEntry | undefined {
  const kind = bytes[1];
  if (bytes.byteLength < HEADER_BYTES || bytes[0] !== VERSION || (kind !== KIND_NONE && kind !== KIND_VALUE)) {
    return undefined;
  }
  const expiresAtMs = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(2);
  if (!Number.isFinite(expiresAtMs)) {
    return undefined;
  }
  return { payload: kind === KIND_VALUE ? bytes.subarray(HEADER_BYTES) : undefined, expiresAtMs };
}
