/** The floor under everything over HTTP: node:http that reads a body, parses it and answers as `tools/call` does. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

import { announce } from './announce.ts';
import { echoResult } from './echo.ts';

interface Call {
  readonly id: string | number;
  readonly params: { readonly arguments: { readonly message: string } };
}

const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    // The harness sends nothing else.
    const { id, params } = JSON.parse(Buffer.concat(chunks).toString()) as Call;
    const body = JSON.stringify({ jsonrpc: '2.0', id, result: echoResult(params.arguments.message) });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    response.end(body);
  });
});

// A client that has nothing to ask for some seconds is still there.
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  announce({ port: typeof address === 'object' && address !== null ? address.port : 0 });
});
