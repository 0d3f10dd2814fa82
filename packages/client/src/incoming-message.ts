import { isObject } from './json.ts';

/** One message of the gateway. */
export type IncomingMessage =
  | { readonly kind: 'result'; readonly id: number; readonly resultText: string }
  | { readonly kind: 'error'; readonly id: unknown; readonly error: unknown }
  | { readonly kind: 'request'; readonly id: unknown; readonly method: string; readonly params: unknown }
  | { readonly kind: 'notification'; readonly method: string; readonly params: unknown }
  | { readonly kind: 'unknown' };

/** How the gateway writes the answer to a request with an id like ours; see docs/session.md. */
const HEAD = '{"jsonrpc":"2.0","id":';
const RESULT = ',"result":';
const ZERO = 48;
const NINE = 57;

/** Reads a message. A result, which most of them are, is found and not parsed. Never throws. */
export function readMessage(text: string): IncomingMessage {
  return readResult(text) ?? readOther(text);
}

function readResult(text: string): IncomingMessage | undefined {
  if (!text.startsWith(HEAD)) return undefined;
  let id = 0;
  let at = HEAD.length;
  for (let digit = text.charCodeAt(at); digit >= ZERO && digit <= NINE; digit = text.charCodeAt(at)) {
    id = id * 10 + digit - ZERO;
    at += 1;
  }
  if (at === HEAD.length || !text.startsWith(RESULT, at)) return undefined;
  return { kind: 'result', id, resultText: text.slice(at + RESULT.length, -1) };
}

function readOther(text: string): IncomingMessage {
  const message = parse(text);
  if (!isObject(message)) return { kind: 'unknown' };
  const { id, method, params, error, result } = message;
  if (typeof method === 'string') {
    return id === undefined ? { kind: 'notification', method, params } : { kind: 'request', id, method, params };
  }
  if (error !== undefined) return { kind: 'error', id, error };
  if (result === undefined || typeof id !== 'number') return { kind: 'unknown' };
  return { kind: 'result', id, resultText: JSON.stringify(result) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
