import type { McpRequest, McpResponse } from '@gantry/protocol/gantry/gateway/v1/mcp_service';
import { bindService, type BoundService, MESSAGE_BYTES_MAX } from '@gantry/rpc';
import type { Clock } from '@gantry/telemetry';

import { bodyTooLarge, requestInvalid, responseTooLarge } from '../errors.ts';
import { type ErrorReply, isErrorReply, type Reply } from '../json-rpc/encode-reply.ts';
import { toJsonRpcError } from '../json-rpc/error-table.ts';
import type { Message } from '../json-rpc/message.ts';
import { BODY_BYTES_MAX, decodeBody, parseParams } from '../json-rpc/parse-body.ts';
import { parseMessage } from '../json-rpc/parse-message.ts';
import { toJsonBytes } from '../methods/json-bytes.ts';
import type { Arrival } from '../pipeline/arrival.ts';
import type { Answer, Pipeline } from '../pipeline/pipeline.ts';
import { type Eventual, settle } from '../pipeline/settle.ts';
import { toGrpcArrival } from './grpc-arrival.ts';
import type { ServeSession } from './session-edge.ts';
import { encodedSessionDefinition } from './session-frame.ts';

/** What id and result may have together: a response has three tags, their lengths, and "2.0" besides. */
export const RESPONSE_BYTES_MAX = MESSAGE_BYTES_MAX - 32;

/** What the gRPC edge needs. */
export interface GrpcEdgeOptions {
  readonly pipeline: Pipeline;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
  readonly serveSession: ServeSession;
}

/** Returns McpService. Clients come with an API key and no assertion, so anyone may call; the pipeline asks for the key. */
export function createMcpService(options: GrpcEdgeOptions): BoundService {
  return bindService(
    encodedSessionDefinition,
    {
      processRequest: (request, context) => processRequest(request, toGrpcArrival(context, options), options.pipeline),
      session: options.serveSession,
    },
    { access: { processRequest: 'anonymous', session: 'anonymous' } },
  );
}

function processRequest(request: McpRequest, arrival: Arrival, pipeline: Pipeline): Promise<McpResponse> {
  const answer = settle(() => pipeline.identify(arrival), {
    // Whoever is nobody is not parsed for.
    onValue: () => answerRequest(request, arrival, pipeline),
    onThrown: (error): Eventual<Answer> => pipeline.refuse(error, arrival),
  });
  const { id } = request;
  if (answer instanceof Promise) return answer.then((given) => toResponse(given, id));
  return Promise.resolve(toResponse(answer, id));
}

function answerRequest(request: McpRequest, arrival: Arrival, pipeline: Pipeline): Eventual<Answer> {
  let message: Message;
  try {
    message = toMessage(request);
  } catch (error) {
    return pipeline.refuse(error, arrival);
  }
  return pipeline.answer({ isBatch: false, messages: [message] }, arrival);
}

/** @throws {AppError} PARSE_ERROR, BODY_TOO_LARGE. */
function toMessage({ jsonrpc, method, params, id }: McpRequest): Message {
  if (params.length > BODY_BYTES_MAX) throw bodyTooLarge(BODY_BYTES_MAX);
  const paramsText = decodeBody(params);
  const envelope = { jsonrpc, method, params: parseParams(paramsText), ...(id === '' ? {} : { id }) };
  // Protobuf has no absent method: an empty one was not set.
  if (method === '')
    return {
      kind: 'invalid',
      idText: JSON.stringify(id),
      error: requestInvalid('method must be set, such as "context/get"'),
    };
  return parseMessage(envelope, { paramsText });
}

function toResponse(answer: Answer, id: string): McpResponse {
  return { jsonrpc: '2.0', outcome: toOutcome(replyOf(answer), Buffer.byteLength(id)), id };
}

function replyOf(answer: Answer): Reply | undefined {
  if (answer.kind === 'none') return undefined;
  return answer.kind === 'one' ? answer.reply : answer.replies[0];
}

function toOutcome(reply: Reply | undefined, idBytes: number): McpResponse['outcome'] {
  if (reply === undefined) return undefined;
  if (isErrorReply(reply)) return toErrorOutcome(reply);
  const value = Buffer.from(reply.resultText);
  if (value.length + idBytes <= RESPONSE_BYTES_MAX) return { $case: 'result', value };
  const error = responseTooLarge(RESPONSE_BYTES_MAX);
  return toErrorOutcome({ idText: reply.idText, error, permissions: [] });
}

function toErrorOutcome({ error, permissions }: ErrorReply): McpResponse['outcome'] {
  const { code, message, data } = toJsonRpcError(error, 'native', permissions);
  return { $case: 'error', value: { code, message, data: data === undefined ? new Uint8Array(0) : toJsonBytes(data) } };
}
