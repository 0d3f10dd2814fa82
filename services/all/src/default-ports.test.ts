import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

import { expect, test } from 'vitest';

import { adminPort, chooseInternalPorts } from './default-ports.ts';

/** A port that somebody listens on until disposed. */
async function takenPort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on an IP address has one of this kind.
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

test('a port that is free is taken, and one that is not is replaced by any free one', async () => {
  const { port, ...server } = await takenPort();
  expect(await chooseInternalPorts({}, { A_GRPC_PORT: port })).toEqual({ A_GRPC_PORT: '0' });
  await server[Symbol.asyncDispose]();
  expect(await chooseInternalPorts({}, { A_GRPC_PORT: port })).toEqual({ A_GRPC_PORT: String(port) });
});

test('a port that is set is left alone, free or not; one that is set to nothing is not set', async () => {
  await using taken = await takenPort();
  const ports = { A_GRPC_PORT: taken.port, B_GRPC_PORT: taken.port };
  expect(await chooseInternalPorts({ A_GRPC_PORT: '7001', B_GRPC_PORT: '' }, ports)).toEqual({ B_GRPC_PORT: '0' });
});

test('the ports of the four inner services are chosen by default, and never those that clients know', async () => {
  expect(Object.keys(await chooseInternalPorts({})).toSorted()).toEqual([
    'AUTH_GRPC_PORT',
    'CONTEXT_GRPC_PORT',
    'RESOURCE_GRPC_PORT',
    'TOOL_GRPC_PORT',
  ]);
  expect(Object.keys(adminPort)).toEqual(['ADMIN_PORT']);
});
