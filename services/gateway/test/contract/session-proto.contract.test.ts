import { fileURLToPath } from 'node:url';

import {
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, expect, test } from 'vitest';

import { GatewayFixture } from '../gateway-fixture.ts';

const gateway = await GatewayFixture.start();
afterAll(() => gateway[Symbol.asyncDispose]());

const includeDirs = [fileURLToPath(new URL('../../../../proto', import.meta.url))];

/** Steps down a package, as whoever uses proto-loader has to. */
function memberOf(value: unknown, name: string): GrpcObject {
  if (typeof value !== 'object' || value === null || !(name in value)) throw new Error(`there is no ${name}`);
  return Reflect.get(value, name);
}

// What docs/session.md says is enough to write a client in another language: this one knows the proto and nothing of ours.
test('a client can be written from the proto alone', async () => {
  const loaded = loadPackageDefinition(loadSync('gantry/gateway/v1/mcp_service.proto', { includeDirs }));
  const area = memberOf(memberOf(memberOf(loaded, 'gantry'), 'gateway'), 'v1');
  const McpService = memberOf(area, 'McpService') as unknown as ServiceClientConstructor;
  const client = new McpService(gateway.grpcTarget, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${gateway.key}`);

  const answers = new Map<unknown, unknown>();
  const stream = client['Session']?.(metadata);
  stream.on('data', ({ messages = [] }: { messages?: Buffer[] }) => {
    for (const bytes of messages) {
      const message = JSON.parse(bytes.toString('utf8'));
      // A request of the server: it sends ping only.
      if (message.method === 'ping') send({ jsonrpc: '2.0', id: message.id, result: {} });
      else answers.set(message.id, message.result ?? message.error);
    }
  });
  const ended = new Promise((resolve, reject) => {
    stream.on('end', resolve);
    stream.on('error', reject);
  });
  const send = (...messages: readonly object[]) =>
    stream.write({ messages: messages.map((message) => Buffer.from(JSON.stringify(message))) });

  send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { message: 'hi' } } });
  send(
    { jsonrpc: '2.0', id: 'two', method: 'ping' },
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { jsonrpc: '2.0', id: 3, method: 'nope' },
  );
  stream.end();
  await ended;
  client.close();
  expect(answers.size).toBe(3);
  expect(answers.get(1)).toMatchObject({ content: [{ type: 'text', text: 'hi' }] });
  expect(answers.get('two')).toEqual({});
  expect(answers.get(3)).toMatchObject({ code: -32601 });
});
