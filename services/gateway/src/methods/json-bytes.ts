const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Returns a value as JSON bytes. */
export function toJsonBytes(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/** Returns JSON bytes as text; `fallback` when there are none. */
export function toJsonText(bytes: Uint8Array, fallback: string): string {
  return bytes.length === 0 ? fallback : decoder.decode(bytes);
}

/** Returns the value that JSON bytes hold; an empty object when there are none. */
export function fromJsonBytes(bytes: Uint8Array): unknown {
  return JSON.parse(toJsonText(bytes, '{}'));
}
