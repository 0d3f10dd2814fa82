import pino from 'pino';

import { redactSecrets } from './redact-secrets.ts';

/**
 * Returns what a log line says about an error: type, message, stack with those of its causes, and the facts libraries put
 * on it, such as a code. Credentials among them are replaced by `[redacted]`.
 *
 * Instances of classes are left out: they are things the error happened to, not facts about it. `pg` puts its whole client
 * on the error of a lost connection, with the key that cancels that connection's statements.
 */
export function serializeError(error: unknown): unknown {
  return error instanceof Error ? factsOf(pino.stdSerializers.err(error)) : error;
}

/** The serializer of pino gives all its results, errors within errors included, one prototype. */
function factsOf(serialized: object): Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(serialized);
  const convert = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(convert);
    if (typeof value !== 'object' || value === null) return value;
    const own: unknown = Object.getPrototypeOf(value);
    if (own === prototype) return factsOf(value);
    return own === Object.prototype || own === null ? value : undefined;
  };
  // What is undefined is left out by JSON.
  return redactSecrets(Object.fromEntries(Object.entries(serialized).map(([key, value]) => [key, convert(value)])));
}
