import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { errorAnswer, resultAnswer, startHttpGateway } from '../../test/http-gateway.ts';
import { freePorts } from '../local/free-ports.ts';
import { checkGateway } from './check-gateway.ts';
import { checkNode } from './check-node.ts';
import { checkPorts } from './check-ports.ts';
import { checkDatabase, checkRedis } from './check-stores.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-doctor-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on an IP address has one of this kind.
  return (server.address() as AddressInfo).port;
}

async function unusedPort(): Promise<number> {
  const [port = 0] = await freePorts(1, []);
  return port;
}

describe('ports', () => {
  test('a port in use has failed and its variable is named; a free one is ok', async () => {
    await using server = createServer();
    const port = await listen(server);
    const free = await unusedPort();
    expect(await checkPorts({ GATEWAY_HTTP_PORT: String(port), GATEWAY_GRPC_PORT: String(free) })).toEqual([
      {
        name: `port ${port}`,
        state: 'failed',
        found: expect.stringContaining('another program'),
        todo: expect.stringContaining('GATEWAY_HTTP_PORT'),
      },
      { name: `port ${free}`, state: 'ok', found: 'free' },
    ]);
  });

  test('port 0 is nothing to check, and what is no port has failed', async () => {
    expect(await checkPorts({ GATEWAY_HTTP_PORT: '0', GATEWAY_GRPC_PORT: 'grpc' })).toMatchObject([
      { state: 'skipped' },
      { state: 'failed', todo: expect.stringContaining('GATEWAY_GRPC_PORT') },
    ]);
  });
});

describe('stores', () => {
  test('stores that are not set are no failure', async () => {
    expect(await checkDatabase({})).toMatchObject([{ state: 'skipped' }]);
    expect(await checkRedis({ REDIS_URL: '' })).toMatchObject([{ state: 'skipped' }]);
  });

  test('stores that answer are ok, also when a file holds the URL', async () => {
    const file = join(folder, 'url');
    await writeFile(file, `${process.env['DATABASE_URL']}\n`);
    expect(await checkDatabase({ DATABASE_URL: process.env['DATABASE_URL'] })).toMatchObject([{ state: 'ok' }]);
    expect(await checkDatabase({ DATABASE_URL_FILE: file })).toMatchObject([
      { state: 'ok', found: expect.stringMatching(/^version \d/) },
    ]);
    expect(await checkRedis({ REDIS_URL: process.env['REDIS_URL'] })).toMatchObject([{ state: 'ok' }]);
  });

  test('a store that refuses connections has failed, says so, and names its variable', async () => {
    const port = await unusedPort();
    expect(await checkDatabase({ DATABASE_URL: `postgres://user:hidden@127.0.0.1:${port}/x` })).toEqual([
      {
        name: 'postgres',
        state: 'failed',
        found: expect.stringContaining('ECONNREFUSED'),
        todo: expect.stringContaining('DATABASE_URL'),
      },
    ]);
    expect(await checkRedis({ REDIS_URL: `redis://:hidden@127.0.0.1:${port}` })).toEqual([
      {
        name: 'redis',
        state: 'failed',
        found: expect.stringContaining('ECONNREFUSED'),
        todo: expect.stringContaining('REDIS_URL'),
      },
    ]);
  });

  test.each(['nonsense', 'postgres://[', 'mysql://127.0.0.1/x'])('%s has failed instead of throwing', async (url) => {
    const [database] = await checkDatabase({ DATABASE_URL: url });
    expect(database?.state).toBe('failed');
    const [redis] = await checkRedis({ REDIS_URL: url });
    expect(redis?.state).toBe('failed');
  });

  test('a file that is not there has failed', async () => {
    expect(await checkDatabase({ DATABASE_URL_FILE: join(folder, 'gone') })).toMatchObject([{ state: 'failed' }]);
  });

  test('a Redis of several nodes is left to its own tools', async () => {
    expect(await checkRedis({ REDIS_URL: 'redis+cluster://a:1,b:2' })).toMatchObject([{ state: 'skipped' }]);
  });
});

describe('gateway', () => {
  test('without a gateway the one thing to do is to start it', async () => {
    expect(await checkGateway({ url: undefined, apiKey: undefined, dataDir: folder })).toEqual([
      {
        name: 'gateway',
        state: 'failed',
        found: expect.stringContaining('no Gantry was found'),
        todo: expect.stringContaining('npm start'),
      },
    ]);
  });

  test('who runs the doctor is not sent to the doctor', async () => {
    const url = `http://127.0.0.1:${await unusedPort()}/mcp`;
    const [refused] = await checkGateway({ url, apiKey: 'key', dataDir: folder });
    expect(refused).toEqual({
      name: 'gateway',
      state: 'failed',
      found: `no answer from ${url}`,
      todo: 'is Gantry running? start it with `npm start`',
    });
    await using other = await startHttpGateway(() => ({ status: 404, body: '<html>' }));
    const [foreign] = await checkGateway({ url: other.url, apiKey: 'key', dataDir: folder });
    expect(foreign?.todo).toMatch(/^the endpoint of a Gantry ends in \/mcp; .*\?$/);
  });

  test('a service that does not answer is told apart from those that do', async () => {
    await using gateway = await startHttpGateway(({ body }) =>
      body.method === 'context/sources' ? errorAnswer({ code: 1, message: 'it is away' }) : resultAnswer({}),
    );
    const checks = await checkGateway({ url: gateway.url, apiKey: 'key', dataDir: folder });
    expect(checks.map(({ name, state }) => [name, state])).toEqual([
      ['gateway', 'ok'],
      ['auth', 'ok'],
      ['context', 'failed'],
      ['resource', 'ok'],
      ['tool', 'ok'],
    ]);
    expect(checks[2]).toMatchObject({ found: 'it is away', todo: 'look at the log of the context service' });
  });
});

test('an old Node is told with what brings the right one', () => {
  expect(checkNode('24.1.0').state).toBe('ok');
  expect(checkNode('22.18.0')).toMatchObject({ state: 'failed', todo: expect.stringContaining('npm install') });
});
