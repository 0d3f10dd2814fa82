import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

import { expect, test } from 'vitest';

import { adminListenerOf, explainListenFailure, type Listener, listenersOf, requireFree } from './listeners.ts';

const LOOPBACK = '127.0.0.1';

async function takePort(reusePort = false) {
  const server = createServer();
  server.listen({ port: 0, host: LOOPBACK, reusePort });
  await once(server, 'listening');
  // A server that listens on an IP address has one of this kind.
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

function listener(overrides: Partial<Listener>): Listener {
  return { name: 'GATEWAY_HTTP', host: LOOPBACK, port: 0, isShared: false, ...overrides };
}

test('without settings it is the two addresses that clients know', () => {
  expect(listenersOf({})).toEqual([listener({ port: 8_000 }), listener({ name: 'GATEWAY_GRPC', port: 50_051 })]);
  expect(adminListenerOf({})).toEqual(listener({ name: 'ADMIN', port: 9_464 }));
});

test('what is set is taken, and an inner port only when it is set', () => {
  const env = { GATEWAY_HTTP_HOST: '0.0.0.0', GATEWAY_HTTP_PORT: '9', GATEWAY_REUSE_PORT: 'true', TOOL_GRPC_PORT: '7' };
  expect(listenersOf({ ...env, AUTH_GRPC_PORT: '' })).toEqual([
    listener({ host: '0.0.0.0', port: 9, isShared: true }),
    listener({ name: 'GATEWAY_GRPC', port: 50_051, isShared: true }),
    listener({ name: 'TOOL_GRPC', port: 7 }),
  ]);
  expect(adminListenerOf({ ADMIN_HOST: '::1', ADMIN_PORT: '8' })).toMatchObject({ host: '::1', port: 8 });
});

test('every port that is in use is told in a sentence with its variable and what to do', async () => {
  await using taken = await takePort();
  const { port } = taken;
  const listeners = [listener({ port }), listener({ name: 'AUTH_GRPC', port }), listener({ name: 'GATEWAY_GRPC' })];
  await expect(requireFree(listeners)).rejects.toMatchObject({
    reason: 'ADDRESS_UNAVAILABLE',
    message: ['GATEWAY_HTTP_PORT', 'AUTH_GRPC_PORT']
      .map(
        (name) =>
          `cannot listen on 127.0.0.1:${port}: it is in use; stop the other program or set ${name} (0 takes any free one)`,
      )
      .join('\n'),
  });
});

test('a port that is free is free afterwards, and one that is shared may be in use by others who share it', async () => {
  const { port, ...freed } = await takePort();
  await freed[Symbol.asyncDispose]();
  await requireFree([listener({ port })]);
  await requireFree([listener({ port }), listener({ host: '[127.0.0.1]' })]);
  await using shared = await takePort(true);
  await requireFree([listener({ port: shared.port, isShared: true })]);
  await expect(requireFree([listener({ port: shared.port })])).rejects.toThrow('it is in use');
});

test('a host this machine does not have is told with its variable', async () => {
  // TEST-NET-1 of RFC 5737: nobody has it.
  await expect(requireFree([listener({ host: '192.0.2.1' })])).rejects.toThrow(
    /no such address; set GATEWAY_HTTP_HOST/,
  );
});

test('what the system says is told, known or not', () => {
  const failure = (code: string) => explainListenFailure(listener({ port: 80 }), Object.assign(new Error(), { code }));
  expect(failure('EACCES')).toBe(
    'cannot listen on 127.0.0.1:80: this user may not; set GATEWAY_HTTP_PORT to a port above 1023',
  );
  expect(failure('EMFILE')).toContain('EMFILE');
});
