import type { AppError } from '@gantry/errors';

import type { Dialect } from './dialect.ts';
import { toJsonRpcError } from './error-table.ts';

/** The answer to one request. */
export type Reply = ResultReply | ErrorReply;

/** An answer that is a result. */
interface ResultReply {
  /** The JSON text of the request's id. */
  readonly idText: string;
  /** The result as JSON text: services hand out JSON, and parsing it only to write it again would cost and change it. */
  readonly resultText: string;
}

/** An answer that is an error. */
export interface ErrorReply {
  readonly idText: string;
  readonly error: AppError;
  /** What the principal may do, to be told when that was not enough. */
  readonly permissions: readonly string[];
}

/** Tells whether a reply is an error. */
export function isErrorReply(reply: Reply): reply is ErrorReply {
  return 'error' in reply;
}

/** Returns the JSON-RPC response. */
export function encodeReply(reply: Reply, dialect: Dialect): string {
  if (!isErrorReply(reply)) return `{"jsonrpc":"2.0","id":${reply.idText},"result":${reply.resultText}}`;
  const error = JSON.stringify(toJsonRpcError(reply.error, dialect, reply.permissions));
  return `{"jsonrpc":"2.0","id":${reply.idText},"error":${error}}`;
}

/** Returns the responses to a batch. */
export function encodeReplies(replies: readonly Reply[], dialect: Dialect): string {
  return `[${replies.map((reply) => encodeReply(reply, dialect)).join(',')}]`;
}
