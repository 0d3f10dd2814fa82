import type { RequestHandler } from './session.ts';

/** JSON-RPC 2.0 §5.1. */
const METHOD_NOT_FOUND = -32_601;
const INTERNAL_ERROR = -32_603;

/** A request of the gateway. */
export interface ServerRequest {
  readonly id: unknown;
  readonly method: string;
  readonly params: unknown;
}

/** Answers a request of the gateway with the text of a response: `ping` by itself, others by a handler. Never rejects. */
export async function answerRequest({ id, method, params }: ServerRequest, handler?: RequestHandler): Promise<string> {
  if (method === 'ping') return response(id, { result: {} });
  if (handler === undefined) {
    return response(id, { error: { code: METHOD_NOT_FOUND, message: `this client does not answer ${method}` } });
  }
  try {
    return response(id, { result: (await handler(method, params)) ?? {} });
  } catch {
    // What went wrong in a client is not the gateway's to know.
    return response(id, { error: { code: INTERNAL_ERROR, message: 'the client could not answer' } });
  }
}

function response(id: unknown, outcome: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id, ...outcome });
}
