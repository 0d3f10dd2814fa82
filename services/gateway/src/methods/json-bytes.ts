/** Returns a value as JSON bytes. */
export function toJsonBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/** Returns JSON bytes as text; `fallback` when there are none. */
export function toJsonText(bytes: Uint8Array, fallback: string): string {
  if (bytes.length === 0) return fallback;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/** Returns the value that JSON bytes hold; an empty object when there are none. */
export function fromJsonBytes(bytes: Uint8Array): unknown {
  return JSON.parse(toJsonText(bytes, '{}'));
}
