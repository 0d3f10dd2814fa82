import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';

import { expect, test } from 'vitest';

import { createHttpServer } from './http-server.ts';

const NEVER_MS = 60_000;

/** Sends the beginning of a request and returns all that comes back until the server closes the connection. */
async function answerTo(beginning: string, timeouts: { headersMs: number; requestMs: number }): Promise<string> {
  const server = createHttpServer({ connectionsMax: 10 }, { ...timeouts, checkingMs: 10 });
  // Reads the body and never answers: only the server itself can end the connection.
  server.on('request', (request) => request.resume());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  socket.write(beginning);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  server.close();
  return answer;
}

test('a client that does not finish its headers is closed', async () => {
  const answer = await answerTo('POST /mcp HTTP/1.1\r\nHost: a\r\nX-Slow: ', { headersMs: 50, requestMs: NEVER_MS });
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
});

test('a client that does not finish its body is closed', async () => {
  const beginning = 'POST /mcp HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{';
  const answer = await answerTo(beginning, { headersMs: 50, requestMs: 100 });
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
});

test('the limits that are used are those that are documented', () => {
  const server = createHttpServer({ connectionsMax: 7 });
  expect(server).toMatchObject({
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    maxHeadersCount: 100,
    maxConnections: 7,
  });
});
