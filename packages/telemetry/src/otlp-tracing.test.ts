import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

import { AppError } from '@gantry/errors';
import { describe, expect, test } from 'vitest';

import { createLogger } from './logger.ts';
import { createTracing } from './tracing.ts';

/** The part of OTLP's JSON that the tests read. */
interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}
interface OtlpAttribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number; readonly boolValue?: boolean };
}
interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: readonly OtlpAttribute[];
  readonly droppedAttributesCount?: number;
  readonly status: { readonly code: number; readonly message?: string };
}

const PARENT = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', sampled: true };
const QUEUE_SPANS_MAX = 2_048;
const SPAN_ATTRIBUTES_MAX = 64;
const ATTRIBUTE_CHARACTERS_MAX = 1_024;

/** Answers like a collector; `answer` picks the status of each request. */
async function startCollector(answer: (request: IncomingMessage) => number | Promise<number> = () => 200) {
  const requests: { readonly path: string; readonly body: OtlpRequest }[] = [];
  const receive = async (request: IncomingMessage, response: ServerResponse) => {
    // The exporter speaks OTLP/JSON; what a collector would reject fails the assertions below.
    const body = JSON.parse(await text(request)) as OtlpRequest;
    requests.push({ path: request.url ?? '', body });
    response.writeHead(await answer(request), { 'content-type': 'application/json' }).end('{}');
  };
  const server = createServer((request, response) => void receive(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the collector has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    spans: () =>
      requests.flatMap(({ body }) =>
        body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
      ),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function attributesOf({ attributes }: { readonly attributes: readonly OtlpAttribute[] }): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? value.boolValue]),
  );
}

test('spans reach the collector with their names, kinds, parents, attributes and service', async () => {
  await using collector = await startCollector();
  const tracing = await createTracing({ service: 'tool', otlpEndpoint: collector.url });
  const server = tracing.startSpan('ToolService/CallTool', {
    kind: 'server',
    parent: PARENT,
    attributes: { 'tool.name': 'search' },
  });
  const client = tracing.startSpan('Provider/Call', { kind: 'client', parent: server.context });
  client.setAttribute('retries', 2);
  client.setAttribute('cached', true);
  client.end();
  server.end();
  await tracing.shutdown();

  expect(collector.requests.map(({ path }) => path)).toEqual(['/v1/traces']);
  const resource = collector.requests[0]?.body.resourceSpans[0]?.resource;
  expect(resource && attributesOf(resource)).toMatchObject({ 'service.name': 'tool' });
  const [exportedClient, exportedServer] = collector.spans();
  expect(exportedServer).toMatchObject({
    name: 'ToolService/CallTool',
    kind: 2,
    traceId: PARENT.traceId,
    spanId: server.context.spanId,
    parentSpanId: PARENT.spanId,
  });
  expect(exportedClient).toMatchObject({
    name: 'Provider/Call',
    kind: 3,
    traceId: PARENT.traceId,
    spanId: client.context.spanId,
    parentSpanId: server.context.spanId,
  });
  expect(exportedServer && attributesOf(exportedServer)).toEqual({ 'tool.name': 'search' });
  expect(exportedClient && attributesOf(exportedClient)).toEqual({ retries: 2, cached: true });
});

test.each(['', '/', '/v1/traces', '/v1/traces/'])(
  'an endpoint that ends in "%s" is posted to at /v1/traces',
  async (suffix) => {
    await using collector = await startCollector();
    const tracing = await createTracing({ service: 'tool', otlpEndpoint: `${collector.url}${suffix}` });
    tracing.startSpan('work', { kind: 'internal' }).end();
    await tracing.shutdown();
    expect(collector.requests.map(({ path }) => path)).toEqual(['/v1/traces']);
  },
);

describe('a failed span', () => {
  test('carries the reason and code of an AppError, and no message', async () => {
    await using collector = await startCollector();
    const tracing = await createTracing({ service: 'tool', otlpEndpoint: collector.url });
    const span = tracing.startSpan('work', { kind: 'internal' });
    span.fail(new AppError({ code: 'NOT_FOUND', reason: 'TOOL_NOT_FOUND', message: 'canary' }));
    span.end();
    await tracing.shutdown();
    const [exported] = collector.spans();
    expect(exported?.status).toEqual({ code: 2, message: 'TOOL_NOT_FOUND' });
    expect(exported && attributesOf(exported)).toEqual({
      'error.type': 'TOOL_NOT_FOUND',
      'gantry.error.code': 'NOT_FOUND',
    });
    expect(JSON.stringify(collector.requests)).not.toContain('canary');
  });

  test.each([
    [new TypeError('canary'), 'TypeError'],
    ['canary', 'string'],
    [undefined, 'undefined'],
  ])('carries the class of anything else: %s', async (error, type) => {
    await using collector = await startCollector();
    const tracing = await createTracing({ service: 'tool', otlpEndpoint: collector.url });
    const span = tracing.startSpan('work', { kind: 'internal' });
    span.fail(error);
    span.end();
    await tracing.shutdown();
    expect(collector.spans()[0]?.status).toEqual({ code: 2, message: type });
    expect(JSON.stringify(collector.requests)).not.toContain('canary');
  });
});

describe('sampling', () => {
  test('follows the caller: an unsampled parent means no export, whatever the ratio', async () => {
    await using collector = await startCollector();
    const tracing = await createTracing({ service: 'tool', otlpEndpoint: collector.url, sampleRatio: 1 });
    const span = tracing.startSpan('work', { kind: 'server', parent: { ...PARENT, sampled: false } });
    expect(span.context).toMatchObject({ traceId: PARENT.traceId, sampled: false });
    expect(span.context.spanId).not.toBe(PARENT.spanId);
    span.end();
    await tracing.shutdown();
    expect(collector.requests).toEqual([]);
  });

  test('of 0 records no new trace but still follows a sampled caller', async () => {
    await using collector = await startCollector();
    const tracing = await createTracing({ service: 'tool', otlpEndpoint: collector.url, sampleRatio: 0 });
    const root = tracing.startSpan('root', { kind: 'server' });
    expect(root.context.sampled).toBe(false);
    root.end();
    tracing.startSpan('child', { kind: 'server', parent: PARENT }).end();
    await tracing.shutdown();
    expect(collector.spans().map(({ name }) => name)).toEqual(['child']);
  });
});

describe('limits', () => {
  test('spans beyond the queue are dropped while the collector is busy', async () => {
    const busy = Promise.withResolvers<number>();
    await using collector = await startCollector(() => busy.promise);
    const tracing = await createTracing({ service: 'tool', otlpEndpoint: collector.url });
    // One batch leaves the queue for the busy collector as soon as it is full.
    for (let span = 0; span < QUEUE_SPANS_MAX * 3; span += 1) tracing.startSpan('work', { kind: 'internal' }).end();
    busy.resolve(200);
    await tracing.shutdown();
    expect(collector.spans().length).toBeGreaterThanOrEqual(QUEUE_SPANS_MAX);
    expect(collector.spans().length).toBeLessThanOrEqual(QUEUE_SPANS_MAX + 512);
  });

  test('attributes beyond the limits are dropped or cut', async () => {
    await using collector = await startCollector();
    const tracing = await createTracing({ service: 'tool', otlpEndpoint: collector.url });
    const span = tracing.startSpan('work', {
      kind: 'internal',
      attributes: { long: 'x'.repeat(ATTRIBUTE_CHARACTERS_MAX + 1) },
    });
    for (let index = 0; index < SPAN_ATTRIBUTES_MAX; index += 1) span.setAttribute(`key${index}`, index);
    span.end();
    await tracing.shutdown();
    const [exported] = collector.spans();
    expect(exported?.attributes).toHaveLength(SPAN_ATTRIBUTES_MAX);
    expect(exported?.droppedAttributesCount).toBe(1);
    expect(exported && attributesOf(exported)).toMatchObject({ long: 'x'.repeat(ATTRIBUTE_CHARACTERS_MAX) });
  });
});

describe('a collector that fails', () => {
  function recordingLogger() {
    const lines: unknown[] = [];
    const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
    return { lines, logger: createLogger({ service: 'tool', level: 'info', destination }) };
  }

  test('neither throws nor rejects, and is reported once for many batches', async () => {
    await using collector = await startCollector(() => 400);
    const { lines, logger } = recordingLogger();
    const tracing = await createTracing({ service: 'tool', otlpEndpoint: collector.url, logger });
    for (let span = 0; span < QUEUE_SPANS_MAX; span += 1) tracing.startSpan('work', { kind: 'internal' }).end();
    await tracing.shutdown();
    expect(collector.requests.length).toBeGreaterThan(1);
    expect(lines).toMatchObject([{ level: 'warn', msg: 'exporting spans fails, traces are being lost' }]);
  });

  test('is silent without a logger', async () => {
    await using collector = await startCollector(() => 400);
    const tracing = await createTracing({ service: 'tool', otlpEndpoint: collector.url });
    tracing.startSpan('work', { kind: 'internal' }).end();
    await expect(tracing.shutdown()).resolves.toBeUndefined();
  });
});

test('shutdown may be called twice, and later spans are not exported', async () => {
  await using collector = await startCollector();
  const tracing = await createTracing({ service: 'tool', otlpEndpoint: collector.url });
  await tracing.shutdown();
  await expect(tracing.shutdown()).resolves.toBeUndefined();
  tracing.startSpan('late', { kind: 'internal' }).end();
  expect(collector.requests).toEqual([]);
});
