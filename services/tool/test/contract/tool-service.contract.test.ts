import { createPool, query } from '@gantry/postgres';
import type { ListToolsRequest } from '@gantry/protocol/gantry/tool/v1/tool_service';
import { createTestDatabase, type TestDatabase, testPlatform } from '@gantry/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { definitionHash } from '../../src/store/definition-hash.ts';
import { jsonBytes, sampleTool } from '../sample-tool.ts';
import { callRequest, startTool, type ToolUnderTest } from '../tool-under-test.ts';

const stack = new AsyncDisposableStack();
const builtins = ['context_get', 'context_search', 'current_time', 'echo', 'resource_read'];
let database: TestDatabase;
let world: ToolUnderTest;
let sql: (text: string, values: readonly unknown[]) => Promise<unknown>;

beforeAll(async () => {
  database = stack.use(await createTestDatabase());
  world = stack.use(await startTool(database.url));
  const { logger, metrics } = testPlatform('test');
  const connection = { connectionString: database.url, applicationName: 'test', logger, metrics };
  const pool = stack.adopt(createPool(connection), (it) => it.end());
  sql = (text, values) => query(pool, text, values);
});

afterAll(() => stack.disposeAsync());

const page = (parts: Partial<ListToolsRequest> = {}) => ({ pageSize: 0, pageToken: '', asJson: false, ...parts });
const nobody = () => world.as({ permissions: ['tools:read'] });
const namesOf = (tools: readonly { readonly name: string }[]) => tools.map(({ name }) => name);
const longNames = Array.from({ length: 20 }, (_, i) => String(i).repeat(500));
const parse = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

describe('listTools', () => {
  test('lists the tools that come with this version, in order of name, each described', async () => {
    const { tools, nextPageToken } = await world.tools.listTools(page(), await world.as());
    expect(namesOf(tools)).toEqual(builtins);
    expect(nextPageToken).toBe('');
    for (const tool of tools) {
      expect(tool.title).not.toBe('');
      expect(tool.description).not.toBe('');
      expect(parse(tool.inputSchemaJson)).toMatchObject({ type: 'object', additionalProperties: false });
      expect(parse(tool.outputSchemaJson)).toMatchObject({ type: 'object' });
      expect(parse(tool.annotationsJson)).toMatchObject({ readOnlyHint: true });
      expect(tool.timeout?.seconds).toBeGreaterThan(0n);
    }
  });

  test('gives them page by page', async () => {
    const options = await world.as();
    const first = await world.tools.listTools(page({ pageSize: 3 }), options);
    const second = await world.tools.listTools(page({ pageSize: 3, pageToken: first.nextPageToken }), options);
    expect([namesOf(first.tools), namesOf(second.tools)]).toEqual([builtins.slice(0, 3), builtins.slice(3)]);
    expect(second.nextPageToken).toBe('');
  });

  test('leaves out what the caller may not execute', async () => {
    const list = async (...permissions: string[]) =>
      namesOf((await world.tools.listTools(page(), await world.as({ permissions }))).tools);
    expect(await list('tools:read', 'tools/echo:execute')).toEqual(['echo']);
    expect(await list('tools:read', 'tools:execute')).toEqual(builtins);
    expect(await list('tools:read')).toEqual([]);
  });

  test('shows a tenant its own version of a tool, and hides what it disabled', async () => {
    const { definition } = sampleTool({ name: 'echo', title: 'Our echo' });
    const insert = `INSERT INTO tool.tools (tenant_id, name, definition, definition_sha256, enabled) VALUES ($1, $2, $3, $4, $5)`;
    const hash = definitionHash(definition);
    await sql(insert, ['choosy', 'echo', JSON.stringify(definition), hash, true]);
    await sql(insert, ['choosy', 'current_time', JSON.stringify({ ...definition, name: 'current_time' }), hash, false]);
    const choosy = await world.as({ tenantId: 'choosy' });
    const { tools } = await world.tools.listTools(page(), choosy);
    expect(namesOf(tools)).toEqual(builtins.filter((name) => name !== 'current_time'));
    expect(tools.find(({ name }) => name === 'echo')?.title).toBe('Our echo');
    await expect(world.tools.getTool({ name: 'current_time' }, choosy)).rejects.toMatchObject({
      reason: 'TOOL_NOT_FOUND',
    });
    await expect(world.call('current_time', {}, choosy)).rejects.toMatchObject({ reason: 'TOOL_NOT_FOUND' });
    expect((await world.tools.getTool({ name: 'echo' }, await world.as())).tool?.title).toBe('Echo');
  });

  test('writes the same tools as JSON when it is asked to, page by page', async () => {
    const options = await world.as({ permissions: ['tools:read', 'tools/echo:execute', 'tools/current_time:execute'] });
    const { tools } = await world.tools.listTools(page(), options);
    const first = await world.tools.listTools(page({ pageSize: 1, asJson: true }), options);
    const rest = await world.tools.listTools(page({ pageToken: first.nextPageToken, asJson: true }), options);
    expect([first.tools, rest.tools, rest.nextPageToken]).toEqual([[], [], '']);
    expect([first, rest].flatMap(({ toolsJson }) => parse(toolsJson))).toEqual(
      tools.map(({ name, title, description, inputSchemaJson, outputSchemaJson, annotationsJson }) => ({
        name,
        title,
        description,
        inputSchema: parse(inputSchemaJson),
        outputSchema: parse(outputSchemaJson),
        annotations: parse(annotationsJson),
      })),
    );
    expect(parse((await world.tools.listTools(page({ asJson: true }), await nobody())).toolsJson)).toEqual([]);
  });

  test.each([
    ['PAGE_SIZE_INVALID', page({ pageSize: 1_001 })],
    ['PAGE_TOKEN_INVALID', page({ pageToken: 'x'.repeat(10_000) })],
  ])('answers INVALID_ARGUMENT %s', async (reason, request) => {
    await expect(world.tools.listTools(request, await world.as())).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason,
      domain: 'tool',
      fieldViolations: [{ description: expect.any(String) }],
    });
  });
});

describe('getTool', () => {
  test('returns a tool as listTools lists it', async () => {
    const options = await world.as();
    const { tools } = await world.tools.listTools(page(), options);
    expect((await world.tools.getTool({ name: 'echo' }, options)).tool).toEqual(
      tools.find(({ name }) => name === 'echo'),
    );
  });

  test.each(['missing', '', 'ECHO', 'echo ', `${'a'.repeat(126)}😀`, 'ü'.repeat(100_000)])(
    'answers NOT_FOUND TOOL_NOT_FOUND for %.20j',
    async (name) => {
      await expect(world.tools.getTool({ name }, await world.as())).rejects.toMatchObject({
        code: 'NOT_FOUND',
        reason: 'TOOL_NOT_FOUND',
        domain: 'tool',
      });
    },
  );

  test('answers the same for a tool that the caller may not execute', async () => {
    const onlyEcho = await world.as({ permissions: ['tools:read', 'tools/echo:execute'] });
    const messageOf = async (name: string) => {
      const error: unknown = await world.tools.getTool({ name }, onlyEcho).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'NOT_FOUND', reason: 'TOOL_NOT_FOUND', metadata: { tool: name } });
      return String(error).replace(name, '');
    };
    expect(await messageOf('current_time')).toBe(await messageOf('missing'));
  });
});

describe('listTools and getTool', () => {
  test('answer PERMISSION_DENIED to whoever may execute tools but not read about them', async () => {
    const executor = await world.as({ permissions: ['tools:execute'] });
    for (const call of [world.tools.listTools(page(), executor), world.tools.getTool({ name: 'echo' }, executor)]) {
      await expect(call).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
        reason: 'PERMISSION_DENIED',
        metadata: { resource: 'tools', requiredPermission: 'tools:read' },
      });
    }
    expect(await world.call('echo', { message: 'hi' }, executor)).toMatchObject({ text: 'hi' });
  });
});

describe('callTool', () => {
  test('calls a tool: one event, and that is the result', async () => {
    const events = await world.events('echo', { message: 'Grüße 😀' });
    expect(events).toHaveLength(1);
    expect(events[0]?.event?.$case).toBe('result');
    expect(await world.call('echo', { message: 'Grüße 😀' })).toEqual({
      text: 'Grüße 😀',
      structuredContent: { message: 'Grüße 😀' },
      isError: false,
    });
  });

  test('takes no bytes for no arguments', async () => {
    const request = callRequest('current_time', new Uint8Array(0));
    const events = await Array.fromAsync(world.tools.callTool(request, await world.as()));
    expect(events).toMatchObject([{ event: { $case: 'result', value: { isError: false } } }]);
  });

  test('a tool that ran and failed is a result', async () => {
    expect(await world.call('current_time', { timezone: 'Mars/Olympus' })).toEqual({
      text: '"Mars/Olympus" is not an IANA time zone; use one such as Europe/Berlin or UTC',
      structuredContent: undefined,
      isError: true,
    });
  });

  test('answers NOT_FOUND TOOL_NOT_FOUND for a tool that is not there or may not be executed', async () => {
    await expect(world.call('missing', {})).rejects.toMatchObject({ code: 'NOT_FOUND', reason: 'TOOL_NOT_FOUND' });
    const reader = await world.as({ permissions: ['tools:read', 'tools/current_time:execute'] });
    await expect(world.call('echo', { message: 'hi' }, reader)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      reason: 'TOOL_NOT_FOUND',
    });
    expect(await world.call('current_time', {}, reader)).toMatchObject({ isError: false });
  });

  test('answers INVALID_ARGUMENT TOOL_ARGUMENTS_INVALID with a violation for each thing that is wrong', async () => {
    await expect(world.call('context_get', { query: '', maxResults: 51, colour: 'red' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'TOOL_ARGUMENTS_INVALID',
      domain: 'tool',
      fieldViolations: expect.arrayContaining([
        { field: 'arguments.colour', description: 'is not a parameter of this tool; leave it out' },
        { field: 'arguments.query', description: 'must NOT have fewer than 1 characters' },
        { field: 'arguments.maxResults', description: 'must be <= 50' },
      ]),
    });
  });

  test.each([
    ['an array', '[]'],
    ['no JSON', '{"message":'],
    ['a depth of 10,000', '{"message":'.repeat(10_000)],
    ['half a surrogate pair for a name', '{"\\ud800":1}'],
    ['a name of 100,000 characters', `{"${'ü'.repeat(100_000)}":1}`],
    ['20 long names', JSON.stringify(Object.fromEntries(longNames.map((name) => [name, 1])))],
    ['__proto__', '{"__proto__":{"message":"hi"}}'],
  ])('answers TOOL_ARGUMENTS_INVALID for %s', async (_what, text) => {
    const request = callRequest('echo', new TextEncoder().encode(text));
    await expect(Array.fromAsync(world.tools.callTool(request, await world.as()))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'TOOL_ARGUMENTS_INVALID',
    });
  });

  test('answers INVALID_ARGUMENT TOOL_ARGUMENTS_TOO_LARGE above 1 MiB, and RESOURCE_EXHAUSTED above what a message may have', async () => {
    await expect(world.call('echo', { message: 'x'.repeat(1024 * 1024) })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'TOOL_ARGUMENTS_TOO_LARGE',
    });
    await expect(world.call('echo', { message: 'x'.repeat(5 * 1024 * 1024) })).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
    });
  });

  test('a result that is too large is a failure that says so', async () => {
    expect(await world.call('echo', { message: 'x'.repeat(600_000) })).toMatchObject({
      isError: true,
      text: 'the result of echo is larger than 1048576 bytes; ask for less',
    });
  });

  test('counts how calls ended, by tool, but never by a name that somebody made up', async () => {
    const { metrics } = world.platform;
    await world.call('echo', { message: 'hi' });
    await expect(world.call('made_up', {})).rejects.toThrow();
    const text = await metrics.metrics();
    expect(text).toMatch(/gantry_tool_call_seconds_count\{service="tool",tool="echo",outcome="succeeded"\} \d/);
    expect(text).toMatch(/gantry_tool_call_seconds_count\{service="tool",tool="",outcome="refused"\} \d/);
    expect(text).toContain('gantry_tool_calls_running{service="tool"} 0');
    expect(text).not.toContain('made_up');
  });
});

describe('every method', () => {
  const invoke = (options: Awaited<ReturnType<ToolUnderTest['as']>>) => [
    world.tools.listTools(page(), options),
    world.tools.getTool({ name: 'echo' }, options),
    Array.fromAsync(world.tools.callTool(callRequest('echo', jsonBytes({ message: 'hi' })), options)),
  ];

  test.each([{}, { assertion: 'e30.e30.e30' }])('is UNAUTHENTICATED with %j', async (options) => {
    const calls = invoke(options).map((call) => expect(call).rejects.toMatchObject({ code: 'UNAUTHENTICATED' }));
    await Promise.all(calls);
  });

  test('ends at once when the caller has gone', async () => {
    const options = { ...(await world.as()), signal: AbortSignal.abort() };
    const calls = invoke(options).map((call) => expect(call).rejects.toMatchObject({ code: 'CANCELLED' }));
    await Promise.all(calls);
  });
});
