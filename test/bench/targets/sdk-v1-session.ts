/** The official SDK, version 1: a server and a transport per session, with plain JSON answers, which it is fastest with. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';

import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { z } from 'zod';

import { announce } from './announce.ts';
import { echoResult } from './echo.ts';

const transports = new Map<string, StreamableHTTPServerTransport>();

const server = createServer((request, response) => {
  void transportOf(request)
    .then((transport) => transport.handleRequest(request, response))
    .catch((error: unknown) => response.writeHead(500).end(String(error)));
});

async function transportOf(request: IncomingMessage): Promise<StreamableHTTPServerTransport> {
  const known = transports.get(String(request.headers['mcp-session-id']));
  if (known !== undefined) return known;
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    enableJsonResponse: true,
    onsessioninitialized: (id) => void transports.set(id, transport),
  });
  // The SDK's own types disagree under exactOptionalPropertyTypes.
  await createMcpServer().connect(transport as never);
  return transport;
}

function createMcpServer(): McpServer {
  const mcp = new McpServer({ name: 'sdk-v1', version: '1.0.0' });
  const shape = { message: z.string() };
  mcp.registerTool('echo', { inputSchema: shape, outputSchema: shape }, ({ message }) => echoResult(message));
  return mcp;
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  announce({ port: typeof address === 'object' && address !== null ? address.port : 0 });
});
