import { STATUS_CODES } from 'node:http';

import type { AppError } from '@gantry/errors';

import { isErrorReply } from '../json-rpc/encode-reply.ts';
import { httpStatusOf } from '../json-rpc/error-table.ts';
import type { Answer } from '../pipeline/pipeline.ts';
import { encodeAnswer } from './encode-answer.ts';

const MS_PER_SECOND = 1_000;

/** An HTTP response. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON; undefined when there is no body. */
  readonly text: string | undefined;
}

/** Returns the HTTP response that carries an answer. What a batch holds is said in its body. */
export function toHttpResponse(answer: Answer): HttpResponse {
  if (answer.kind === 'none') return { status: 202, headers: {}, text: undefined };
  const text = encodeAnswer(answer);
  if (answer.kind === 'many') return { status: 200, headers: {}, text };
  const { reply, dialect } = answer;
  if (!isErrorReply(reply)) return { status: 200, headers: {}, text };
  const status = httpStatusOf(reply.error, dialect);
  return { status, headers: headersOf(status, reply.error), text };
}

function headersOf(status: number, error: AppError): Record<string, string> {
  if (status === 401) return { 'www-authenticate': 'Bearer' };
  if (status === 403 && error.reason !== 'ORIGIN_FORBIDDEN' && error.reason !== 'HOST_FORBIDDEN') {
    return { 'www-authenticate': 'Bearer error="insufficient_scope"' };
  }
  if (status !== 429 && status !== 503) return {};
  return { 'retry-after': String(Math.max(1, Math.ceil((error.retryAfterMs ?? 0) / MS_PER_SECOND))) };
}

/** Returns a response as bytes, for a connection that is not Node's to answer on any more. It closes the connection. */
export function toHttpBytes({ status, headers, text = '' }: HttpResponse): string {
  const lines = Object.entries({
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${text}`;
}

/** Returns a response to what is no JSON-RPC. */
export function plainResponse(status: number, message: string): HttpResponse {
  return { status, headers: {}, text: JSON.stringify({ error: message }) };
}
