import { status } from '@grpc/grpc-js';
import { afterAll, describe, expect, test, vi } from 'vitest';

import { FRAME_MESSAGES_MAX } from '../../src/edge/session-frame.ts';
import { textRead } from '../fake-backends.ts';
import { gaugeOf, startGated } from '../gated-gateway.ts';
import { GatewayFixture } from '../gateway-fixture.ts';
import { ask, ping } from '../messages.ts';
import { SessionClient } from '../session-client.ts';

const gateway = await GatewayFixture.start();
afterAll(() => gateway[Symbol.asyncDispose]());

describe('session', () => {
  test('begins with an empty frame and answers a request', async () => {
    using client = await SessionClient.open(gateway);
    expect(client.frameSizes).toEqual([0]);
    expect(await client.call('context/get', { query: 'x' })).toMatchObject({
      id: 'context/get',
      result: { total: 12 },
    });
  });

  test('may be sent to before it is open', async () => {
    using client = new SessionClient(gateway.grpcTarget, { key: gateway.key });
    expect(await client.call('ping')).toEqual({ jsonrpc: '2.0', id: 'ping', result: {} });
  });

  test('answers what is ready at once in one frame', async () => {
    using client = await SessionClient.open(gateway);
    client.send(...Array.from({ length: FRAME_MESSAGES_MAX }, (_, id) => ping(id)));
    await vi.waitFor(() => expect(client.received).toHaveLength(FRAME_MESSAGES_MAX));
    expect(client.frameSizes.length).toBeLessThan(20);
  });

  test('takes batches, notifications, responses and empty frames', async () => {
    using client = await SessionClient.open(gateway);
    client.send();
    client.send({ jsonrpc: '2.0', method: 'notifications/initialized' }, { jsonrpc: '2.0', id: 'x', result: {} });
    client.send([ping(1), { jsonrpc: '2.0', id: 2, method: 'nope' }], ping(3));
    await vi.waitFor(() => expect(client.received).toHaveLength(2));
    expect(client.received).toContainEqual(expect.objectContaining({ id: 3, result: {} }));
    expect(client.received.find(Array.isArray)).toMatchObject([
      { id: 1, result: {} },
      { id: 2, error: { code: -32601 } },
    ]);
  });

  test('answers as requests are done, not in their order', async () => {
    const { fixture, begun, open } = await startGated();
    await using _ = fixture;
    using client = await SessionClient.open(fixture);
    client.send(ask(1, 'a'), ask(2, 'b'), ask(3, 'c'));
    await begun(3);
    for (const query of ['c', 'a', 'b']) {
      open(query);
      expect(await client.next()).toMatchObject({ result: { query_id: query } });
    }
  });

  test('pushes the changes of a resource', async () => {
    using client = await SessionClient.open(gateway);
    const uri = 'file:///session-pushed';
    gateway.resources.change(uri, 'v1');
    const { result } = await client.call('resources/subscribe', { uri });
    const { subscriptionId } = result as { subscriptionId: string };
    expect(result).toEqual({ subscriptionId, uri, delivery: 'push' });
    gateway.resources.change(uri, 'v2');
    const params = { uri, subscriptionId };
    expect(await client.next()).toEqual({ jsonrpc: '2.0', method: 'notifications/resources/updated', params });
  });

  test('does not answer what was cancelled, and tells the service', async () => {
    const { fixture, begun, aborted } = await startGated();
    await using _ = fixture;
    using client = await SessionClient.open(fixture);
    client.send(ask('slow'));
    await begun(1);
    client.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'slow' } });
    await vi.waitFor(() => expect(aborted).toEqual(['x']));
    expect(await client.call('ping')).toMatchObject({ id: 'ping' });
    expect(client.received).toEqual([]);
  });

  test('ends OK when the client half-closes, after everything is answered', async () => {
    const { fixture, begun, open } = await startGated();
    await using _ = fixture;
    using client = await SessionClient.open(fixture);
    client.send(ask(1, 'a'), ping(2));
    client.stream.end();
    await begun(1);
    open('a');
    expect(await client.ended).toEqual({ code: status.OK, reason: undefined });
    expect(client.received).toHaveLength(2);
  });

  test('ends the requests of a client that is gone', async () => {
    const { fixture, begun, aborted } = await startGated();
    await using _ = fixture;
    using client = await SessionClient.open(fixture);
    client.send(ask(1));
    await begun(1);
    client.stream.cancel();
    await vi.waitFor(() => expect(aborted).toEqual(['x']));
    expect(await gaugeOf(fixture, 'gantry_gateway_sessions')).toBe(0);
  });

  test('is counted while it is open', async () => {
    await using fixture = await GatewayFixture.start();
    const client = await SessionClient.open(fixture);
    expect(await gaugeOf(fixture, 'mcp_active_connections', { transport: 'grpc' })).toBe(1);
    expect(await gaugeOf(fixture, 'gantry_gateway_sessions')).toBe(1);
    client[Symbol.dispose]();
    await vi.waitFor(async () => {
      expect(await gaugeOf(fixture, 'mcp_active_connections', { transport: 'grpc' })).toBe(0);
    });
    expect(await gaugeOf(fixture, 'gantry_gateway_session_bytes')).toBe(0);
  });
});

describe('the dialect of a session', () => {
  const failing = { name: 'fail', arguments: { message: 'no' } };

  test('is native, and legacy after initialize', async () => {
    using client = await SessionClient.open(gateway);
    expect(await client.call('tools/call', failing)).toMatchObject({ error: { code: -32003 } });
    client.send({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18' } });
    client.send({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: failing });
    await vi.waitFor(() => expect(client.received).toHaveLength(2));
    expect(client.received).toContainEqual(
      expect.objectContaining({ id: 2, result: expect.objectContaining({ isError: true }) }),
    );
  });

  test('is legacy when the metadata name a revision', async () => {
    using client = await SessionClient.open(gateway, { metadata: { 'mcp-protocol-version': '2025-11-25' } });
    expect(await client.call('tools/call', failing)).toMatchObject({ result: { isError: true } });
  });

  test.each([
    ['2026-07-28', status.FAILED_PRECONDITION, 'PROTOCOL_VERSION_UNSUPPORTED'],
    ['1999-01-01', status.INVALID_ARGUMENT, 'PROTOCOL_VERSION_INVALID'],
  ])('cannot be that of %s', async (version, code, reason) => {
    const metadata = { 'mcp-protocol-version': version };
    using client = new SessionClient(gateway.grpcTarget, { key: gateway.key, metadata });
    expect(await client.ended).toEqual({ code, reason });
  });
});

describe('a message of a session', () => {
  const bad: readonly [string, string | Uint8Array, number][] = [
    ['malformed JSON', '{', -32700],
    ['empty', '', -32700],
    ['invalid UTF-8', new Uint8Array([0x22, 0xff, 0x22]), -32700],
    ['JSON that nests 10,000 deep', '['.repeat(10_000), -32700],
    ['longer than 4 MiB', `"${'x'.repeat(4 * 1024 * 1024)}"`, -32600],
    ['an empty batch', '[]', -32600],
    ['a batch of 101', JSON.stringify(Array.from({ length: 101 }, (_, id) => ping(id))), -32600],
    ['a batch that uses an id twice', JSON.stringify([ping(1), ping(1)]), -32600],
  ];

  test.each(bad)('that is %s is answered with a null id, and the session lives', async (_name, message, code) => {
    using client = await SessionClient.open(gateway);
    client.send(message, ping(1));
    await vi.waitFor(() => expect(client.received).toHaveLength(2), { timeout: 5_000 });
    expect(client.received).toContainEqual(
      expect.objectContaining({ id: null, error: expect.objectContaining({ code }) }),
    );
    expect(client.received).toContainEqual(expect.objectContaining({ id: 1, result: {} }));
  });

  test('whose id is in flight is refused with a null id, and the first is answered', async () => {
    const { fixture, begun, open } = await startGated();
    await using _ = fixture;
    using client = await SessionClient.open(fixture);
    client.send(ask(1, 'a'));
    await begun(1);
    client.send(ask(1, 'b'));
    expect(await client.next()).toMatchObject({
      id: null,
      error: { code: -32600, data: { reason: 'REQUEST_INVALID' } },
    });
    open('a');
    expect(await client.next()).toMatchObject({ id: 1, result: { query_id: 'a' } });
    client.send(ask(1, 'c'));
    await begun(2);
    open('c');
    expect(await client.next()).toMatchObject({ id: 1, result: { query_id: 'c' } });
  });

  test('whose answer does not fit into a frame is answered with an error', async () => {
    const content = '"'.repeat(2_500_000);
    await using fixture = await GatewayFixture.start({
      overrides: {
        resource: {
          readResource: async ({ uri }) => textRead(uri, content),
        },
      },
    });
    using client = await SessionClient.open(fixture);
    const read = (id: number) => ({ jsonrpc: '2.0', id, method: 'resources/read', params: { uri: 'file:///long' } });
    client.send(read(1));
    expect(await client.next()).toMatchObject({
      id: 1,
      error: { code: -32602, data: { reason: 'RESPONSE_TOO_LARGE' } },
    });
    client.send([read(2), ping(3)]);
    const data = { reason: 'BATCH_ANSWER_TOO_LARGE', may_have_run: true };
    expect(await client.next()).toMatchObject([
      { id: 2, error: { code: -32602, data } },
      { id: 3, result: {} },
    ]);
  });

  test('beyond what the credential may send is -32004', async () => {
    using client = await SessionClient.open(gateway, { key: gateway.auth.addKey({ requestsPerMinute: 1 }) });
    expect(await client.call('ping')).toMatchObject({ result: {} });
    expect(await client.call('ping')).toMatchObject({ error: { code: -32004 } });
  });
});

describe('a frame', () => {
  test('of more than 1,024 messages ends the session', async () => {
    using client = await SessionClient.open(gateway);
    client.send(...Array.from({ length: FRAME_MESSAGES_MAX + 1 }, (_, id) => ping(id)));
    expect(await client.ended).toEqual({ code: status.INVALID_ARGUMENT, reason: 'SESSION_FRAME_INVALID' });
  });

  test('of more than 4 MiB and 64 KiB ends the session', async () => {
    using client = await SessionClient.open(gateway);
    const message = `"${'x'.repeat(3 * 1024 * 1024)}"`;
    client.send(message, message);
    expect(await client.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });
});

describe('what is in flight', () => {
  test('is never refused: the session is read as far as it may be, and everything is answered', async () => {
    const { fixture, gates, begun } = await startGated();
    await using _ = fixture;
    using client = await SessionClient.open(fixture);
    // While nobody knows how long answers are, few requests are begun.
    client.send(...Array.from({ length: 30 }, (_unused, id) => ping(id)));
    await vi.waitFor(() => expect(client.received.splice(0).length).toBe(30));
    const count = 3 * FRAME_MESSAGES_MAX;
    for (let id = 0; id < count; id += 1) client.send(ask(id, String(id)));
    await begun(FRAME_MESSAGES_MAX);
    expect(await gaugeOf(fixture, 'gantry_gateway_session_requests')).toBe(FRAME_MESSAGES_MAX);
    await vi.waitFor(
      () => {
        for (const open of gates.values()) open();
        expect(client.received).toHaveLength(count);
      },
      { timeout: 20_000 },
    );
    expect(client.received.every((message) => !Array.isArray(message) && message.error === undefined)).toBe(true);
  });

  test('is shared by the sessions of a credential and of the process, and goes on when there is room', async () => {
    const limits = { sessions: { processRequestsMax: 3, credentialRequestsMax: 2 } };
    const { fixture, begun, gates, open } = await startGated({ limits });
    await using _ = fixture;
    using first = await SessionClient.open(fixture);
    using second = await SessionClient.open(fixture);
    using other = await SessionClient.open(fixture, { key: fixture.auth.addKey({ credentialId: 'other' }) });
    first.send(ask(1, 'a'), ask(2, 'b'), ask(3, 'c'));
    await begun(2);
    second.send(ask(1, 'd'));
    other.send(ask(1, 'e'), ask(2, 'f'));
    await begun(3);
    expect([...gates.keys()].toSorted()).toEqual(['a', 'b', 'e']);
    for (const [index, query] of ['a', 'b', 'e'].entries()) {
      open(query);
      await begun(4 + index);
    }
    for (const query of gates.keys()) open(query);
    await vi.waitFor(() => expect([first, second, other].map(({ received }) => received.length)).toEqual([3, 1, 2]));
  });
});
