/** The floor under everything over gRPC: grpc-js that decodes a request, parses its JSON and answers, with nothing between. */
import { McpRequest, McpResponse } from '@gantry/protocol/gantry/gateway/v1/mcp_service';
import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall } from '@grpc/grpc-js';

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
} as const;

function processRequest(call: ServerUnaryCall<McpRequest, McpResponse>, reply: sendUnaryData<McpResponse>): void {
  const { id, params } = call.request;
  // The harness sends nothing else.
  const { arguments: given } = JSON.parse(Buffer.from(params).toString()) as { arguments: { message: string } };
  const value = Buffer.from(JSON.stringify(echoResult(given.message)));
  reply(null, { jsonrpc: '2.0', id, outcome: { $case: 'result', value } });
}

const server = new Server();
server.addService(definition, { processRequest });
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  announce({ port });
});
