/** The official SDK, version 2, speaking 2026-07-28: its handler makes a server object per request, as it is documented. */
import { createServer } from 'node:http';

import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

import { announce } from './announce.ts';
import { echoResult } from './echo.ts';

const schema = z.object({ message: z.string() });

function createMcpServer(): McpServer {
  const mcp = new McpServer({ name: 'sdk-v2', version: '1.0.0' });
  mcp.registerTool('echo', { inputSchema: schema, outputSchema: schema }, ({ message }) => echoResult(message));
  return mcp;
}

const handle = toNodeHandler(createMcpHandler(createMcpServer, { legacy: 'reject' }));
// The SDK's own types disagree under exactOptionalPropertyTypes.
const server = createServer((request, response) => void handle(request as never, response));

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  announce({ port: typeof address === 'object' && address !== null ? address.port : 0 });
});
