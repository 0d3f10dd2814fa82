import { AppError } from '@gantry/errors';
import { createPool, query } from '@gantry/postgres';
import type { CallContext } from '@gantry/rpc';
import { createTestDatabase, type TestDatabase, testPlatform } from '@gantry/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { definitionHash } from '../../src/store/definition-hash.ts';
import { contextItem, passage } from '../context-item.ts';
import { sampleTool } from '../sample-tool.ts';
import { type Peers, startTool, type ToolOptions } from '../tool-under-test.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

const start = (options: ToolOptions = {}) => startTool(database.url, options);

const trace = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', sampled: true };
const read = { uri: 'file:///a', mimeType: 'text/plain', version: 'v', fromCache: false, fetchedAt: undefined };

/** A context service that answers when it is told to, and tells of the first call that arrives. */
function hangingContext() {
  const first = Promise.withResolvers<CallContext>();
  const release = Promise.withResolvers<void>();
  const context: Peers['context'] = {
    async getContext(_request, call) {
      first.resolve(call);
      await release.promise;
      return { items: [], total: 0n, queryId: '' };
    },
  };
  return { context, arrived: first.promise, release: release.resolve };
}

describe('what a tool calls', () => {
  test('context_get, context_search and resource_read answer with what the services answer', async () => {
    const asked: unknown[] = [];
    await using world = await start({
      peers: {
        context: {
          async getContext(request) {
            asked.push(request);
            return { items: [contextItem()], total: 3n, queryId: 'q' };
          },
          async search(request) {
            asked.push(request);
            return { items: [contextItem()], total: 3n, nextPageToken: 'next', queryId: 'q' };
          },
        },
        resource: {
          async readResource(request) {
            asked.push(request);
            return { ...read, content: { $case: 'text', value: 'Hello.' } };
          },
        },
      },
    });
    expect(await world.call('context_get', { query: 'bees', maxResults: 1 })).toMatchObject({
      text: expect.stringContaining('[1] On bees (docs) <https://example.com/bees>\nBees dance.'),
      structuredContent: { context: [passage], total: 3 },
      isError: false,
    });
    expect(await world.call('context_search', { query: 'bees', source: 'docs' })).toMatchObject({
      structuredContent: { results: [passage], total: 3, nextCursor: 'next' },
      isError: false,
    });
    expect(await world.call('resource_read', { uri: 'file:///a' })).toEqual({
      text: 'Hello.',
      structuredContent: { uri: 'file:///a', mime_type: 'text/plain', text: 'Hello.', is_truncated: false },
      isError: false,
    });
    expect(asked).toMatchObject([
      { query: 'bees', maxResults: 1 },
      { query: 'bees', source: 'docs', pageSize: 0 },
      { uri: 'file:///a' },
    ]);
  });

  test('gets the caller, the request id, the trace and a shorter deadline', async () => {
    const seen: (CallContext & { readonly leftMs: number })[] = [];
    const note = (call: CallContext) => {
      const { principal, assertion, requestId, trace: span, deadlineMs } = call;
      seen.push({ ...call, principal, assertion, requestId, trace: span, leftMs: deadlineMs - Date.now() });
    };
    await using world = await start({
      peers: {
        context: {
          async getContext(_request, call) {
            note(call);
            return { items: [], total: 0n, queryId: '' };
          },
        },
        resource: {
          async readResource(_request, call) {
            note(call);
            return { ...read, content: { $case: 'text', value: '' } };
          },
        },
      },
    });
    const options = { ...(await world.as({ userId: 'ann' })), requestId: 'request-7', trace };
    await world.call('context_get', { query: 'bees' }, { ...options, deadlineMs: Date.now() + 5_000 });
    await world.call('resource_read', { uri: 'file:///a' }, { ...options, deadlineMs: Date.now() + 60_000 });
    expect(seen).toHaveLength(2);
    for (const call of seen) {
      expect(call.assertion).toBe(options.assertion);
      expect(call.principal).toMatchObject({ tenantId: 'test-tenant', userId: 'ann' });
      expect(call.requestId).toBe('request-7');
      expect(call.trace.traceId).toBe(trace.traceId);
      expect(call.trace.spanId).not.toBe(trace.spanId);
    }
    // Two hops of 20 ms off the caller's five seconds; the tool's own 20 s when they are the earlier.
    expect(seen[0]?.leftMs).toBeLessThanOrEqual(4_965);
    expect(seen[1]?.leftMs).toBeLessThanOrEqual(19_985);
  });

  test('refuses in words for the model, also when to come back', async () => {
    await using world = await start({
      peers: {
        context: {
          getContext: () =>
            Promise.reject(
              new AppError({
                code: 'PERMISSION_DENIED',
                reason: 'PERMISSION_DENIED',
                message: 'this needs context:read',
              }),
            ),
        },
        resource: {
          readResource: () =>
            Promise.reject(
              new AppError({
                code: 'RESOURCE_EXHAUSTED',
                reason: 'CONNECTOR_RATE_LIMITED',
                message: 'too many reads',
                retryAfterMs: 2_000,
              }),
            ),
        },
      },
    });
    expect(await world.call('context_get', { query: 'bees' })).toEqual({
      text: 'this needs context:read',
      structuredContent: undefined,
      isError: true,
    });
    expect(await world.call('resource_read', { uri: 'file:///a' })).toMatchObject({
      text: 'too many reads (wait 2 s)',
      isError: true,
    });
  });

  test('fails without telling the model anything of the inside', async () => {
    await using world = await start({
      peers: { context: { getContext: () => Promise.reject(new TypeError('secret is undefined')) } },
    });
    expect(await world.call('context_get', { query: 'bees' })).toEqual({
      text: 'context_get failed unexpectedly; try again, or tell its owner',
      structuredContent: undefined,
      isError: true,
    });
  });

  test('cannot be reached: a result that says so, while other tools answer', async () => {
    await using world = await start({ config: { contextAddress: '127.0.0.1:1' } });
    for (const name of ['context_get', 'context_search']) {
      expect(await world.call(name, { query: 'bees' })).toEqual({
        // The second comes from the breaker, which has opened.
        text: expect.stringMatching(/^the context service cannot be reached; try again$|^context\/.* keeps failing/),
        structuredContent: undefined,
        isError: true,
      });
    }
    expect(await world.call('echo', { message: 'hi' })).toMatchObject({ text: 'hi', isError: false });
  });
});

describe('a call that lasts', () => {
  test('beyond the cap is RESOURCE_EXHAUSTED TOOL_BUSY, for this tool only, and until there is room', async () => {
    const { context, arrived, release } = hangingContext();
    await using world = await start({ config: { concurrencyMax: 1 }, peers: { context } });
    const running = world.call('context_get', { query: 'bees' });
    await arrived;
    await expect(world.call('context_get', { query: 'bees' })).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'TOOL_BUSY',
      retryAfterMs: 100,
      metadata: { tool: 'context_get' },
    });
    expect(await world.call('echo', { message: 'hi' })).toMatchObject({ text: 'hi' });
    release();
    expect(await running).toMatchObject({ isError: false });
    expect(await world.call('context_get', { query: 'bees' })).toMatchObject({ isError: false });
    expect(await world.platform.metrics.metrics()).toContain('tool="context_get",outcome="busy"} 1');
  });

  test('ends at the deadline of the caller, here and below', async () => {
    const { context, arrived } = hangingContext();
    await using world = await start({ peers: { context } });
    const options = { ...(await world.as()), deadlineMs: Date.now() + 500 };
    const called = world.call('context_get', { query: 'bees' }, options);
    await expect(called).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await expect(called).rejects.not.toMatchObject({ reason: 'TOOL_TIMED_OUT' });
    const { signal } = await arrived;
    await expect.poll(() => signal.aborted).toBe(true);
  });

  test('ends when the caller goes away, here and below, and gives its slot back', async () => {
    const { context, arrived, release } = hangingContext();
    await using world = await start({ config: { concurrencyMax: 1 }, peers: { context } });
    const caller = new AbortController();
    const called = world.call('context_get', { query: 'bees' }, { ...(await world.as()), signal: caller.signal });
    const { signal } = await arrived;
    caller.abort();
    await expect(called).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect.poll(() => signal.aborted).toBe(true);
    release();
    const outcome = () =>
      world.call('context_get', { query: 'bees' }).then(
        () => 'ran',
        (error: unknown) => error,
      );
    await expect.poll(outcome).toBe('ran');
  });

  test("longer than the tool's own time is DEADLINE_EXCEEDED TOOL_TIMED_OUT", async () => {
    const { context, arrived } = hangingContext();
    await using world = await start({ peers: { context } });
    const { definition } = sampleTool({ name: 'context_get', timeoutMs: 300 });
    const { logger, metrics } = testPlatform('test');
    const pool = createPool({ connectionString: database.url, applicationName: 'test', logger, metrics });
    await query(
      pool,
      `INSERT INTO tool.tools (tenant_id, name, definition, definition_sha256) VALUES ('hasty', $1, $2, $3)`,
      [definition.name, JSON.stringify(definition), definitionHash(definition)],
    );
    await pool.end();
    await expect(
      world.call('context_get', { query: 'bees' }, await world.as({ tenantId: 'hasty' })),
    ).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      reason: 'TOOL_TIMED_OUT',
      metadata: { tool: 'context_get' },
      message: '"context_get" took longer than its 0.3 s; ask for less',
    });
    const { signal } = await arrived;
    await expect.poll(() => signal.aborted).toBe(true);
    expect(await world.platform.metrics.metrics()).toContain('tool="context_get",outcome="timed_out"} 1');
  });
});
