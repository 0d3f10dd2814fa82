import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { createConnection } from 'node:net';

import { GetToolRequest, GetToolResponse, Tool } from '@gantry/protocol/gantry/tool/v1/tool_service';
import { Client, compressionAlgorithms, credentials, Metadata } from '@grpc/grpc-js';
import { describe, expect, test, vi } from 'vitest';

import { STREAM_BYTES } from '../src/direct/arrivals.ts';
import { type CallContext, MESSAGE_BYTES_MAX } from '../src/index.ts';
import { gatedTool } from './gated-tool.ts';
import { framed, rawCall, type RawCall } from './raw-call.ts';
import { startWorld, type ToolHandlers, type WorldOptions } from './rpc-world.ts';

const path = '/gantry.tool.v1.ToolService/GetTool';
const ann = { 'gantry-assertion': 'ann' };
const request = GetToolRequest.encode({ name: 'echo' }).finish();

/** Answers with the tool it was asked for. */
const getTool: ToolHandlers['getTool'] = async ({ name }) => ({ tool: Tool.create({ name }) });

/** A server, and calls of its GetTool byte by byte. */
async function startRawWorld(handler = getTool, options: Pick<WorldOptions, 'server' | 'access'> = {}) {
  const world = await startWorld({ handlers: { getTool: handler }, way: 'plain', ...options });
  const { address } = world.server;
  const call = (parts: RawCall['parts'], more: Partial<RawCall> = {}) =>
    rawCall({ address, path, parts, headers: ann, ...more });
  return { ...world, call };
}

async function arrivingBytes({ serverMetrics }: Pick<Awaited<ReturnType<typeof startWorld>>, 'serverMetrics'>) {
  const gauge = await serverMetrics.getSingleMetric('gantry_rpc_server_arriving_bytes')?.get();
  return gauge?.values[0]?.value;
}

describe('a unary call', () => {
  test('knows its connection, which it shares with the others on it', async () => {
    const seen: CallContext['connection'][] = [];
    await using world = await startRawWorld(async ({ name }, { connection }) => {
      seen.push(connection);
      return { tool: Tool.create({ name }) };
    });
    const client = new Client(world.server.address, credentials.createInsecure());
    await Promise.all([unaryCall(client), unaryCall(client)]);
    client.close();
    await world.call([framed(request)]);
    // It is the way around grpc-js that knows it: when this fails, all calls go through grpc-js, which is slow.
    expect(seen[0]).toBeTypeOf('object');
    expect(seen[1]).toBe(seen[0]);
    expect(seen[2]).toBeTypeOf('object');
    expect(seen[2]).not.toBe(seen[0]);
  });

  test('keeps its connection from being idle for as long as it takes', async () => {
    const { getTool: handler, begun, open } = gatedTool();
    await using world = await startRawWorld(handler, { server: { connectionIdleMs: 1_000 } });
    const busy = connect(`http://${world.server.address}`);
    let hasToGo = false;
    busy.on('goaway', () => (hasToGo = true));
    const call = busy.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', ...ann });
    call.end(framed(request));
    await begun;
    // Opened later, and closed because it is idle: so the other one would have been told to go.
    await once(connect(`http://${world.server.address}`), 'close');
    expect(hasToGo).toBe(false);
    open();
    await once(call.resume(), 'end');
    busy.destroy();
  });

  test('that does not end is answered, reset, and holds nothing any more', async () => {
    await using world = await startRawWorld(getTool, { server: { requestTimeoutMs: 300 } });
    const session = connect(`http://${world.server.address}`);
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', ...ann };
    const streams = Array.from({ length: 20 }, () => session.request(headers));
    for (const stream of streams) {
      stream.on('error', () => undefined);
      stream.write(framed(Buffer.alloc(1_000), { length: 2_000 }));
      stream.resume();
    }
    await vi.waitFor(async () => expect(await arrivingBytes(world)).toBe(20 * (STREAM_BYTES + 1_005)));
    await Promise.all(streams.map((stream) => once(stream, 'close')));
    expect(await arrivingBytes(world)).toBe(0);
    session.destroy();
  });

  test.each([
    ['connection', { connectionBytesMax: 2 * STREAM_BYTES + 1_500 }],
    ['process', { processBytesMax: 2 * STREAM_BYTES + 1_500 }],
  ])(
    'beyond what unfinished ones of a %s may hold is RESOURCE_EXHAUSTED, and others go on',
    async (_what, arrivals) => {
      await using world = await startRawWorld(getTool, { server: { arrivals } });
      const session = connect(`http://${world.server.address}`);
      const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', ...ann };
      const first = session.request(headers);
      first.on('error', () => undefined);
      first.write(framed(Buffer.alloc(1_000), { length: 2_000 }));
      await vi.waitFor(async () => expect(await arrivingBytes(world)).toBe(STREAM_BYTES + 1_005));
      const second = session.request(headers);
      second.on('error', () => undefined);
      second.write(framed(Buffer.alloc(1_000), { length: 2_000 }));
      const [answered] = (await once(second, 'response')) as [IncomingHttpHeaders];
      expect(answered['grpc-status']).toBe('8');
      expect(await arrivingBytes(world)).toBe(STREAM_BYTES + 1_005);
      expect((await world.call([framed(request)])).status).toBe(0);
      session.destroy();
    },
  );

  test('takes its place before any of it has come, and whoever sends on without one is cut', async () => {
    await using world = await startRawWorld(getTool, { server: { arrivals: { processBytesMax: 10 * STREAM_BYTES } } });
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', ...ann };
    const [filling, flooding] = [connect(`http://${world.server.address}`), connect(`http://${world.server.address}`)];
    for (const session of [filling, flooding]) session.on('error', () => undefined);
    const open = (session: ClientHttp2Session) => session.request(headers).on('error', () => undefined);
    for (let i = 0; i < 10; i += 1) open(filling);
    await vi.waitFor(async () => expect(await arrivingBytes(world)).toBe(10 * STREAM_BYTES));
    const [refused] = (await once(open(flooding), 'response')) as [IncomingHttpHeaders];
    expect(refused['grpc-status']).toBe('8');
    for (let i = 0; i < 15; i += 1) open(flooding);
    await once(flooding, 'close');
    filling.destroy();
    await vi.waitFor(async () => expect(await arrivingBytes(world)).toBe(0));
    expect((await world.call([framed(request)])).status).toBe(0);
  });

  test('of a connection that was answered before is refused when there is no room, and its connection stays', async () => {
    await using world = await startRawWorld(getTool, { server: { arrivals: { processBytesMax: 10 * STREAM_BYTES } } });
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', ...ann };
    const session = connect(`http://${world.server.address}`);
    const call = async () => {
      const stream = session.request(headers).resume();
      stream.end(framed(request));
      const [answered] = (await once(stream, 'response')) as [IncomingHttpHeaders];
      return answered['grpc-status'] ?? 'a message';
    };
    expect(await call()).toBe('a message');
    const filling = connect(`http://${world.server.address}`);
    filling.on('error', () => undefined);
    for (let i = 0; i < 10; i += 1) filling.request(headers).on('error', () => undefined);
    await vi.waitFor(async () => expect(await arrivingBytes(world)).toBe(10 * STREAM_BYTES));
    for (let i = 0; i < 40; i += 1) expect(await call()).toBe('8');
    filling.destroy();
    await vi.waitFor(async () => expect(await call()).toBe('a message'));
    session.destroy();
  });

  test('of one client begins before all that another one sent at once, and what that one resets never begins', async () => {
    const begun: string[] = [];
    const handler: typeof getTool = async ({ name }) => {
      begun.push(name);
      return { tool: Tool.create({ name }) };
    };
    await using world = await startRawWorld(handler);
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', ...ann };
    const [flooding, other] = [connect(`http://${world.server.address}`), connect(`http://${world.server.address}`)];
    await Promise.all([flooding, other].map((session) => once(session, 'remoteSettings')));
    const send = (session: ClientHttp2Session, name: string) => {
      const stream = session.request(headers);
      stream.on('error', () => undefined);
      stream.end(framed(GetToolRequest.encode({ name }).finish()));
      return stream.resume();
    };
    const flood = Array.from({ length: 600 }, () => send(flooding, 'flood'));
    const flooded = Promise.all(flood.map((stream) => once(stream, 'close')));
    // Sent with the requests: a reset of a stream that is not sent yet would take both back.
    setImmediate(() => flood.forEach((stream) => stream.close(constants.NGHTTP2_CANCEL)));
    await once(send(other, 'other'), 'end');
    await flooded;
    await once(send(other, 'last'), 'end');
    expect(begun.indexOf('other')).toBeLessThan(300);
    expect(begun.filter((name) => name === 'flood').length).toBeLessThan(300);
    flooding.destroy();
    other.destroy();
  });

  test('whose answer is not taken is reset', async () => {
    const large = 'x'.repeat(1_000_000);
    const handler: typeof getTool = async () => ({ tool: Tool.create({ name: large }) });
    await using world = await startRawWorld(handler, { server: { readerStuckMs: 300 } });
    const session = connect(`http://${world.server.address}`, { settings: { initialWindowSize: 0 } });
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', ...ann });
    stream.end(framed(request));
    const [error] = (await once(stream, 'error')) as [Error];
    expect(error.message).toContain('ENHANCE_YOUR_CALM');
    session.destroy();
  });

  test('that comes in parts is served when it is whole', async () => {
    await using world = await startRawWorld();
    const bytes = framed(request);
    const { status, body } = await world.call(Array.from(bytes, (byte) => Uint8Array.of(byte)));
    expect(status).toBe(0);
    expect(GetToolResponse.decode(body.subarray(5)).tool?.name).toBe('echo');
  });

  test('that is compressed is served all the same', async () => {
    await using world = await startRawWorld();
    const client = new Client(world.server.address, credentials.createInsecure(), {
      'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
    });
    const name = 'x'.repeat(10_000);
    const response = await unaryCall(client, GetToolRequest.encode({ name }).finish());
    client.close();
    expect(GetToolResponse.decode(response).tool?.name).toBe(name);
  });

  test('is answered with what says how it can be compressed, and with its status in trailers', async () => {
    await using world = await startRawWorld();
    const { headers, trailers } = await world.call([framed(request)]);
    expect(headers).toMatchObject({
      ':status': 200,
      'content-type': 'application/grpc+proto',
      'grpc-accept-encoding': 'identity,deflate,gzip',
      'grpc-encoding': 'identity',
    });
    expect(trailers).toMatchObject({ 'grpc-status': '0', 'grpc-message': 'OK' });
  });

  test('whose client resets it is cancelled, and its handler is told', async () => {
    const { promise: started, resolve: start } = Promise.withResolvers<void>();
    const { promise: aborted, resolve: abort } = Promise.withResolvers<unknown>();
    await using world = await startRawWorld((_request, { cancellation }) => {
      cancellation.addEventListener('abort', () => abort(cancellation.reason));
      start();
      return new Promise(() => {});
    });
    const session = connect(`http://${world.server.address}`);
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', ...ann };
    const stream = session.request(headers);
    stream.end(framed(request));
    await started;
    stream.close(constants.NGHTTP2_CANCEL);
    expect(await aborted).toMatchObject({ name: 'AbortError' });
    session.destroy();
  });

  test('that is reset before its request has ended reaches no handler', async () => {
    let served = 0;
    const handler = async () => ((served += 1), { tool: undefined });
    // Whoever need not be asked about the caller serves at once.
    await using world = await startRawWorld(handler, { access: { getTool: 'anonymous' } });
    const socket = createConnection({ host: '127.0.0.1', port: world.server.port });
    const session = connect(`http://${world.server.address}`, { createConnection: () => socket });
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', ...ann };
    const stream = session.request(headers);
    await new Promise((resolve) => stream.write(framed(request), resolve));
    // Node's own client would end the request first.
    socket.write(resetFrame(stream.id ?? 0));
    const other = session.request(headers);
    other.end(framed(request));
    other.resume();
    await once(other, 'end');
    session.destroy();
    expect(served).toBe(1);
  });

  test('whose answer is too long is RESOURCE_EXHAUSTED', async () => {
    const description = 'x'.repeat(MESSAGE_BYTES_MAX);
    await using world = await startRawWorld(async () => ({ tool: Tool.create({ description }) }));
    expect(await world.call([framed(request)])).toMatchObject({ status: 8, body: { length: 0 } });
  });

  test('that its client gives a deadline ends with it, also before its request is whole', async () => {
    await using world = await startRawWorld(() => new Promise(() => {}), { server: { requestTimeoutMs: 600_000 } });
    const headers = { ...ann, 'grpc-timeout': '30m' };
    expect(await world.call([framed(request)], { headers })).toMatchObject({ status: 4 });
    expect(await world.call([framed(request)], { headers, isHalfOpen: true })).toMatchObject({ status: 4 });
  });
});

describe('a request that is none', () => {
  test.each<[string, number, Partial<RawCall> & Pick<RawCall, 'parts'>]>([
    ['without a message', 12, { parts: [] }],
    ['with half a message', 12, { parts: [framed(request).subarray(0, 7)] }],
    ['with half a prefix', 12, { parts: [framed(request).subarray(0, 3)] }],
    ['with two messages', 12, { parts: [framed(request), framed(request)] }],
    ['with a message that says it is too long', 8, { parts: [framed(request, { length: 2 ** 32 - 1 })] }],
    ['whose deadline cannot be read', 13, { parts: [framed(request)], headers: { ...ann, 'grpc-timeout': 'soon' } }],
    ['whose encoding is not known', 12, { parts: [framed(request, { flag: 1 })], headers: { 'grpc-encoding': 'br' } }],
    ['of a method that there is not', 12, { parts: [framed(request)], path: '/gantry.tool.v1.ToolService/Nothing' }],
    ['without an assertion', 16, { parts: [framed(request)], headers: {} }],
  ])('%s is refused with %i', async (_what, status, call) => {
    await using world = await startRawWorld();
    expect(await world.call(call.parts, call)).toMatchObject({ status });
  });

  test('that is too long is refused before all of it came', async () => {
    await using world = await startRawWorld();
    const parts = [framed(request, { length: MESSAGE_BYTES_MAX + 1 })];
    expect(await world.call(parts, { isHalfOpen: true })).toMatchObject({ status: 8 });
  });

  test('that is not gRPC is answered with 415', async () => {
    await using world = await startRawWorld();
    const headers = { 'content-type': 'application/json' };
    expect((await world.call([framed(request)], { headers })).headers[':status']).toBe(415);
  });

  test('that does not come whole in time is DEADLINE_EXCEEDED', async () => {
    await using world = await startRawWorld(getTool, { server: { requestTimeoutMs: 50 } });
    expect(await world.call([framed(request)], { isHalfOpen: true })).toMatchObject({
      status: 4,
      headers: { 'grpc-message': expect.stringContaining('did%20not%20come%20whole') },
    });
  });
});

/** Returns the frame by which HTTP/2 resets a stream. */
function resetFrame(streamId: number): Buffer {
  const frame = Buffer.from([0, 0, 4, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  frame.writeUInt32BE(streamId, 5);
  frame.writeUInt32BE(constants.NGHTTP2_CANCEL, 9);
  return frame;
}

function unaryCall(client: Client, message: Uint8Array = request): Promise<Buffer> {
  const metadata = new Metadata();
  metadata.set('gantry-assertion', 'ann');
  const pass = (bytes: Buffer) => bytes;
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  client.makeUnaryRequest(path, pass, pass, Buffer.from(message), metadata, (error, response) => {
    if (error !== null || response === undefined) reject(error ?? new Error('no answer'));
    else resolve(response);
  });
  return promise;
}
