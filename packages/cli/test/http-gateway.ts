import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A request as the gateway received it. */
export interface ReceivedCall {
  readonly headers: IncomingHttpHeaders;
  readonly body: { readonly jsonrpc: string; readonly id: number; readonly method: string; readonly params: unknown };
}

/** What the gateway sends back; undefined cuts the connection. */
export type Answer = { readonly status?: number; readonly body: string } | undefined;

/** A real HTTP server in place of the gateway. */
export interface HttpGateway extends AsyncDisposable {
  readonly url: string;
  readonly calls: readonly ReceivedCall[];
}

/** Starts a gateway on any free port that answers every request as it is told. */
export async function startHttpGateway(answer: (call: ReceivedCall) => Answer): Promise<HttpGateway> {
  const calls: ReceivedCall[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    // What the client of this package sends.
    const call = { headers: request.headers, body: (await json(request)) as ReceivedCall['body'] };
    calls.push(call);
    const answered = answer(call);
    if (answered === undefined) request.socket.destroy();
    else response.writeHead(answered.status ?? 200).end(answered.body);
  };
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on an IP address has one of this kind.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    calls,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Returns the answer that has this result. */
export function resultAnswer(result: unknown): Answer {
  return { body: JSON.stringify({ jsonrpc: '2.0', id: 1, result }) };
}

/** Returns the answer that has this error. */
export function errorAnswer(error: object, status = 200): Answer {
  return { status, body: JSON.stringify({ jsonrpc: '2.0', id: 1, error }) };
}
