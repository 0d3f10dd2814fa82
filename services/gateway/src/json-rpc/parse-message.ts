import { requestInvalid } from '../errors.ts';
import type { InvalidMessage, Message } from './message.ts';
import type { MessageText } from './scan-json.ts';

type Json = Readonly<Record<string, unknown>>;

/** Checks the envelope of one message. What is wrong with its params is for its method to say. */
export function parseMessage(value: unknown, text: MessageText): Message {
  if (!isObject(value)) return invalid('null', 'a request is a JSON object');
  const id = parseId(value, text);
  if (id.problem !== undefined) return invalid('null', id.problem);
  if (text.duplicate !== undefined) return invalid(id.text, 'duplicate member: a request has every member once');
  if (value['jsonrpc'] !== '2.0') return invalid(id.text, 'jsonrpc must be "2.0"');
  const { method, params } = value;
  if (method === undefined && isResponse(value)) return { kind: 'response' };
  if (typeof method !== 'string') return invalid(id.text, 'method must be a string, such as "context/get"');
  return { kind: 'call', idText: id.text, method, params, paramsText: paramsTextOf(params, text) };
}

/** Tells whether a value is a JSON object. */
export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseId(value: Json, { idText, duplicate }: MessageText): { text: string | undefined; problem?: string } {
  const { id } = value;
  if (duplicate === 'id') return { text: undefined, problem: 'duplicate member: a request has one id' };
  if (id === undefined) return { text: undefined };
  if (id !== null && typeof id !== 'string' && typeof id !== 'number') {
    return { text: undefined, problem: 'id must be a string, a number or null' };
  }
  // A message of gRPC has no text.
  return { text: idText ?? JSON.stringify(id) };
}

function isResponse(value: Json): boolean {
  return 'id' in value && ('result' in value || 'error' in value);
}

function paramsTextOf(params: unknown, { paramsText }: MessageText): string {
  return params === undefined ? '' : (paramsText ?? JSON.stringify(params));
}

function invalid(idText: string | undefined, problem: string): InvalidMessage {
  return { kind: 'invalid', idText: idText ?? 'null', error: requestInvalid(problem) };
}
