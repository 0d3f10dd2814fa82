import { AppError, isReason } from '@gantry/errors';
import { fakeClock, testPrincipal } from '@gantry/testkit';
import { expect, test } from 'vitest';

import { jsonBytes, sampleCaller, sampleTool } from '../../test/sample-tool.ts';
import { createSchemaCompiler } from '../schema/ajv-schema-compiler.ts';
import { createBulkhead } from './bulkhead.ts';
import { callTool, RESULT_BYTES_MAX } from './call-tool.ts';
import { createCatalog } from './catalog.ts';
import { ARGUMENTS_BYTES_MAX } from './parse-arguments.ts';
import {
  failWith,
  type SerializedResult,
  succeed,
  type Tool,
  type ToolCall,
  type ToolCaller,
  type ToolResult,
} from './tool.ts';

/** A world of one tool that can be called. */
function worldOf(tool: Tool, slots = 2) {
  const clock = fakeClock();
  const faults: unknown[] = [];
  const bulkhead = createBulkhead(slots);
  const { definition } = tool;
  const catalog = createCatalog({ loadTools: async () => [{ definition, isEnabled: true }], builtins: [tool] });
  const deps = {
    catalog,
    schemas: createSchemaCompiler(),
    bulkhead,
    now: () => clock.now(),
    onToolFault: (name: string, error: unknown) => faults.push([name, error]),
  };
  const call = async (parameters: unknown = {}, parts: Partial<ToolCaller> = {}) =>
    parsed(
      await callTool(deps, {
        principal: testPrincipal(),
        name: definition.name,
        argumentsJson: jsonBytes(parameters),
        call: sampleCaller(parts),
      }),
    );
  return { clock, faults, bulkhead, deps, call };
}

/** The result as the tool gave it. */
function parsed({ contentJson, structuredContentJson, isError }: SerializedResult): ToolResult {
  const content = JSON.parse(String(contentJson)) as ToolResult['content'];
  if (structuredContentJson.length === 0) return { content, isError };
  return { content, structuredContent: JSON.parse(String(structuredContentJson)) as unknown, isError };
}

const textOf = ({ content }: ToolResult) => content.map(({ text }) => text).join();

/** A tool that runs until the test lets it end, whatever its signal says. */
function stubbornTool(parts: Parameters<typeof sampleTool>[0] = {}) {
  const started = Promise.withResolvers<ToolCall>();
  const end = Promise.withResolvers<ToolResult>();
  const tool = sampleTool({
    ...parts,
    run: (_parameters, call) => {
      started.resolve(call);
      return end.promise;
    },
  });
  return { tool, started: started.promise, end };
}

test('runs the tool with its arguments, and with what it is to pass on', async () => {
  const seen: unknown[] = [];
  const tool = sampleTool({
    timeoutMs: 1_000,
    run: async (parameters, { signal, ...call }) => {
      seen.push(parameters, call, signal.aborted);
      return succeed('yes', { answer: 1 });
    },
  });
  const { call, clock, bulkhead, faults } = worldOf(tool);
  expect(await call({ a: [1] })).toEqual({
    content: [{ type: 'text', text: 'yes' }],
    structuredContent: { answer: 1 },
    isError: false,
  });
  const { cancellation: _, ...passedOn } = sampleCaller({ deadlineMs: clock.now() + 1_000 });
  expect(seen).toEqual([{ a: [1] }, passedOn, false]);
  expect(bulkhead.running('sample')).toBe(0);
  expect(faults).toEqual([]);
});

test('passes on the deadline of the caller when it is the earlier one', async () => {
  const { tool, started, end } = stubbornTool();
  const { call, clock } = worldOf(tool);
  const called = call({}, { deadlineMs: clock.now() + 500 });
  expect((await started).deadlineMs).toBe(clock.now() + 500);
  end.resolve(succeed('done'));
  await called;
});

test('arguments that break the schema are TOOL_ARGUMENTS_INVALID, one violation each, and the tool does not run', async () => {
  let runs = 0;
  const tool = sampleTool({
    inputSchema: { type: 'object', properties: { a: { type: 'string' } }, required: ['a', 'b'] },
    run: async () => {
      runs += 1;
      return succeed('');
    },
  });
  await expect(worldOf(tool).call({ a: 1 })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'TOOL_ARGUMENTS_INVALID',
    message: 'arguments.b is required; arguments.a must be string',
    fieldViolations: [
      { field: 'arguments.b', description: 'is required' },
      { field: 'arguments.a', description: 'must be string' },
    ],
  });
  expect(runs).toBe(0);
});

test('violations that quote large or broken names are cut, so that they fit into a header', async () => {
  const tool = sampleTool({ inputSchema: { type: 'object', additionalProperties: false } });
  const names = Array.from({ length: 50 }, (_, i) => `${i}\ud800${'ü'.repeat(1_000)}`);
  const error: unknown = await worldOf(tool)
    .call(Object.fromEntries(names.map((name) => [name, 1])))
    .catch((thrown: unknown) => thrown);
  if (!isReason(error, 'TOOL_ARGUMENTS_INVALID')) throw error;
  const { message, fieldViolations } = error;
  expect(message.length).toBe(1_000);
  expect(fieldViolations).toHaveLength(20);
  const texts = [message, ...fieldViolations.map(({ field }) => field)];
  expect(texts.every((text) => text.isWellFormed() && text.length <= 1_000)).toBe(true);
});

test('a tool that is not there is TOOL_NOT_FOUND, before its arguments are looked at', async () => {
  const { deps } = worldOf(sampleTool());
  const input = { principal: testPrincipal(), name: 'other', argumentsJson: jsonBytes('no object') };
  await expect(callTool(deps, { ...input, call: sampleCaller() })).rejects.toMatchObject({ reason: 'TOOL_NOT_FOUND' });
});

test('arguments that are too large are TOOL_ARGUMENTS_TOO_LARGE', async () => {
  await expect(worldOf(sampleTool()).call({ a: 'x'.repeat(ARGUMENTS_BYTES_MAX) })).rejects.toMatchObject({
    reason: 'TOOL_ARGUMENTS_TOO_LARGE',
  });
});

test('an input schema that is none is TOOL_SCHEMA_INVALID', async () => {
  const tool = sampleTool({ inputSchema: { type: 'object', properties: { a: { type: 'no type' } } } });
  await expect(worldOf(tool).call()).rejects.toMatchObject({ reason: 'TOOL_SCHEMA_INVALID' });
});

test('calls beyond the cap are TOOL_BUSY, and a call that ends makes room', async () => {
  const { tool, started, end } = stubbornTool();
  const { call } = worldOf(tool, 1);
  const running = call();
  await started;
  await expect(call()).rejects.toMatchObject({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'TOOL_BUSY',
    retryAfterMs: 100,
    metadata: { tool: 'sample' },
  });
  end.resolve(succeed('done'));
  await running;
  expect(await call()).toEqual(succeed('done'));
});

test('a tool that takes too long is TOOL_TIMED_OUT, and keeps its slot until it has really ended', async () => {
  const { tool, started, end } = stubbornTool({ timeoutMs: 1 });
  const { call, bulkhead } = worldOf(tool, 1);
  await expect(call()).rejects.toMatchObject({
    code: 'DEADLINE_EXCEEDED',
    reason: 'TOOL_TIMED_OUT',
    metadata: { tool: 'sample' },
  });
  expect((await started).signal.aborted).toBe(true);
  expect(bulkhead.running('sample')).toBe(1);
  await expect(call()).rejects.toMatchObject({ reason: 'TOOL_BUSY' });
  end.reject(new Error('too late for anybody to see'));
  await expect.poll(() => bulkhead.running('sample')).toBe(0);
});

test('a caller that goes away ends the call as CANCELLED, and the tool is told', async () => {
  const { tool, started, end } = stubbornTool();
  const { call, bulkhead, faults } = worldOf(tool);
  const caller = new AbortController();
  const called = call({}, { cancellation: caller.signal });
  const { signal } = await started;
  caller.abort();
  await expect(called).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(signal.aborted).toBe(true);
  expect(bulkhead.running('sample')).toBe(1);
  end.resolve(succeed('done'));
  await expect.poll(() => bulkhead.running('sample')).toBe(0);
  expect(faults).toEqual([]);
});

test('the deadline of the caller ends the call as DEADLINE_EXCEEDED, not as a timeout of the tool', async () => {
  const { tool, started, end } = stubbornTool();
  const caller = new AbortController();
  const called = worldOf(tool).call({}, { cancellation: caller.signal });
  await started;
  caller.abort(new DOMException('the deadline passed', 'TimeoutError'));
  await expect(called).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', reason: 'DEADLINE_EXCEEDED' });
  end.resolve(succeed('done'));
});

test('a call whose caller has gone already does not run', async () => {
  const { tool, started } = stubbornTool();
  const { call, bulkhead } = worldOf(tool);
  await expect(call({}, { cancellation: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(bulkhead.running('sample')).toBe(0);
  const hasStarted = await Promise.race([started.then(() => true), Promise.resolve(false)]);
  expect(hasStarted).toBe(false);
});

test.each(['DEADLINE_EXCEEDED', 'DEADLINE_TOO_CLOSE', 'DEADLINE_TOO_SHORT'])(
  '%s of a hop below is the deadline of whoever set it',
  async (reason) => {
    const hop = new AppError({ code: 'DEADLINE_EXCEEDED', reason, message: 'the context service did not answer' });
    const { call, clock } = worldOf(sampleTool({ timeoutMs: 1_000, run: () => Promise.reject(hop) }));
    await expect(call()).rejects.toMatchObject({ reason: 'TOOL_TIMED_OUT' });
    await expect(call({}, { deadlineMs: clock.now() + 999 })).rejects.toBe(hop);
  },
);

test('an error of a service below is a result that says what it said, and when to come back', async () => {
  const busy = { code: 'RESOURCE_EXHAUSTED', reason: 'CONNECTOR_RATE_LIMITED', message: 'too many reads' } as const;
  const run = () => Promise.reject(new AppError({ ...busy, retryAfterMs: 1_500 }));
  const { call, faults } = worldOf(sampleTool({ run }));
  expect(await call()).toEqual(failWith('too many reads (wait 2 s)'));
  const later = worldOf(sampleTool({ run: () => Promise.reject(new AppError(busy)) }));
  expect(await later.call()).toEqual(failWith('too many reads'));
  expect(faults).toEqual([]);
});

test.each([
  ['a bug', new TypeError('secret is undefined')],
  ['an internal error of a service below', new AppError({ code: 'INTERNAL', reason: 'INTERNAL', message: 'secret' })],
])('%s is told to the log and not to the model', async (_what, thrown) => {
  const { call, faults, bulkhead } = worldOf(sampleTool({ run: () => Promise.reject(thrown) }));
  const result = await call();
  expect(result).toEqual(failWith('sample failed unexpectedly; try again, or tell its owner'));
  expect(faults).toEqual([['sample', thrown]]);
  expect(bulkhead.running('sample')).toBe(0);
});

test('a tool that throws before its first await gives its slot back', async () => {
  const bug = new TypeError('not even a promise');
  const { call, faults, bulkhead } = worldOf(
    sampleTool({
      run: () => {
        throw bug;
      },
    }),
  );
  expect(await call()).toMatchObject({ isError: true });
  expect(faults).toEqual([['sample', bug]]);
  expect(bulkhead.running('sample')).toBe(0);
});

const outputSchema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } as const;

test.each([
  ['has the wrong shape', succeed('', { n: 'one' }), 'result.n must be integer'],
  ['is missing', succeed(''), 'result must be object'],
])('a result whose structured content %s is a fault of the tool', async (_what, result) => {
  const { call, faults } = worldOf(sampleTool({ outputSchema, run: async () => result }));
  const answer = await call();
  expect(answer).toMatchObject({ isError: true });
  expect(textOf(answer)).toBe('sample gave a result that breaks its own schema; tell its owner');
  expect(faults).toEqual([['sample', expect.any(Error)]]);
});

test('the log says where a result breaks its schema', async () => {
  const { call, faults } = worldOf(sampleTool({ outputSchema, run: async () => succeed('', { n: 'one' }) }));
  await call();
  expect(JSON.stringify(String(faults))).toContain('result.n');
});

test('a result that fits its schema, and a failure without any, are passed on', async () => {
  const fits = worldOf(sampleTool({ outputSchema, run: async () => succeed('', { n: 1 }) }));
  expect(await fits.call()).toEqual(succeed('', { n: 1 }));
  const failed = worldOf(sampleTool({ outputSchema, run: async () => failWith('no') }));
  expect(await failed.call()).toEqual(failWith('no'));
  expect([...fits.faults, ...failed.faults]).toEqual([]);
});

test.each([
  ['cannot be written as JSON', { outputSchema }, 1n],
  ['has a schema that is none', { outputSchema: { type: 'object', $ref: 'https://example.com/' } as const }, { n: 1 }],
])('a result that %s is a fault of the tool, not of the call', async (_what, parts, content) => {
  const { call, faults } = worldOf(sampleTool({ ...parts, run: async () => succeed('', content) }));
  expect(await call()).toMatchObject({ isError: true });
  expect(faults).toHaveLength(1);
});

test('a result may have 1 MiB as JSON, and not a byte more', async () => {
  const empty = JSON.stringify(succeed('').content).length;
  let characters = RESULT_BYTES_MAX - empty;
  const { call } = worldOf(sampleTool({ run: async () => succeed('x'.repeat(characters)) }));
  expect(await call()).toMatchObject({ isError: false });
  characters += 1;
  const answer = await call();
  expect(answer.isError).toBe(true);
  expect(textOf(answer)).toBe('the result of sample is larger than 1048576 bytes; ask for less');
});
