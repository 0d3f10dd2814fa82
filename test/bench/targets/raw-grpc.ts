/** The floor under everything over gRPC: grpc-js that decodes a request, parses its JSON and answers, with nothing between. */
import {
  McpRequest,
  McpResponse,
  SessionRequest,
  SessionResponse,
} from '@gantry/protocol/gantry/gateway/v1/mcp_service';
import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
} from '@grpc/grpc-js';

import { announce } from './announce.ts';
import { echoResult } from './echo.ts';

const definition = {
  processRequest: {
    path: '/gantry.gateway.v1.McpService/ProcessRequest',
    requestStream: false,
    responseStream: false,
    requestSerialize: (request: McpRequest) => Buffer.from(McpRequest.encode(request).finish()),
    requestDeserialize: (bytes: Buffer) => McpRequest.decode(bytes),
    responseSerialize: (response: McpResponse) => Buffer.from(McpResponse.encode(response).finish()),
    responseDeserialize: (bytes: Buffer) => McpResponse.decode(bytes),
  },
  session: {
    path: '/gantry.gateway.v1.McpService/Session',
    requestStream: true,
    responseStream: true,
    requestSerialize: (request: SessionRequest) => Buffer.from(SessionRequest.encode(request).finish()),
    requestDeserialize: (bytes: Buffer) => SessionRequest.decode(bytes),
    responseSerialize: (response: SessionResponse) => Buffer.from(SessionResponse.encode(response).finish()),
    responseDeserialize: (bytes: Buffer) => SessionResponse.decode(bytes),
  },
} as const;

function processRequest(call: ServerUnaryCall<McpRequest, McpResponse>, reply: sendUnaryData<McpResponse>): void {
  const { id, params } = call.request;
  // The harness sends nothing else.
  const { arguments: given } = JSON.parse(Buffer.from(params).toString()) as { arguments: { message: string } };
  const value = Buffer.from(JSON.stringify(echoResult(given.message)));
  reply(null, { jsonrpc: '2.0', id, outcome: { $case: 'result', value } });
}

function session(call: ServerDuplexStream<SessionRequest, SessionResponse>): void {
  call.on('data', ({ messages }: SessionRequest) => call.write({ messages: messages.map(answer) }));
  call.on('end', () => call.end());
}

function answer(message: Uint8Array): Buffer {
  // The harness sends nothing else.
  const { id, params } = JSON.parse(Buffer.from(message).toString()) as {
    id: number;
    params: { arguments: { message: string } };
  };
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, result: echoResult(params.arguments.message) }));
}

const server = new Server();
server.addService(definition, { processRequest, session });
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  announce({ port });
});
