import type { CallToolRequest, CallToolResponse } from '@gantry/protocol/gantry/tool/v1/tool_service';
import { afterAll, describe, expect, test, vi } from 'vitest';

import { BATCH_REQUESTS_AT_ONCE_MAX } from '../../src/pipeline/answer-batch.ts';
import { BATCH_ANSWER_BYTES_MAX } from '../../src/pipeline/answer-budget.ts';
import { gaugeOf } from '../gated-gateway.ts';
import { GatewayFixture, type JsonRpcResponse } from '../gateway-fixture.ts';
import { SessionClient } from '../session-client.ts';
import { WsClient } from '../ws-client.ts';

const MIB = 1024 * 1024;
const NO_BYTES = new Uint8Array(0);

/** Calls of `held` that wait for their gate. */
const gates: (() => void)[] = [];

/** A tool that answers with as many bytes as its name says, and `held`, which answers when the test says so. */
async function* callTool({ name }: CallToolRequest): AsyncGenerator<CallToolResponse> {
  if (name === 'held') await new Promise<void>((resolve) => gates.push(resolve));
  const text = 'x'.repeat(name === 'held' ? 1 : Number(name));
  const contentJson = new TextEncoder().encode(JSON.stringify([{ type: 'text', text }]));
  const value = { contentJson, structuredContentJson: NO_BYTES, isError: false, metaJson: NO_BYTES };
  yield { event: { $case: 'result', value } };
}

const call = (id: number, name: number | 'held') => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: String(name) },
});
const calls = (count: number, bytes: number) => Array.from({ length: count }, (_, id) => call(id, bytes));

/** What the requests of a batch were told; which of them come first is for the network to say. */
function told(responses: unknown): readonly string[] {
  if (!Array.isArray(responses)) throw new Error('this was to be the answer to a batch');
  const answers = responses.map(({ id, error }: JsonRpcResponse, index) => {
    expect(id).toBe(index);
    if (error === undefined) return 'result';
    expect(error.code).toBe(-32602);
    return `${String(error.data?.['reason'])} ${String(error.data?.['may_have_run'])}`;
  });
  return answers.toSorted();
}

const WITHHELD = 'BATCH_ANSWER_TOO_LARGE true';
const UNBEGUN = 'BATCH_ANSWER_TOO_LARGE false';
const some = (count: number, what: string) => Array<string>(count).fill(what);

const gateway = await GatewayFixture.start({ overrides: { tool: { callTool } } });
afterAll(() => gateway[Symbol.asyncDispose]());

describe('the answer to a batch', () => {
  test('has at most 16 MiB over HTTP: the rest are errors, and what is recorded is what was done', async () => {
    const before = await gateway.auditedCount();
    const answer = await gateway.post(calls(16, MIB));
    expect(answer.status).toBe(200);
    expect(told(answer.json)).toEqual([WITHHELD, ...some(15, 'result')]);
    expect(Buffer.byteLength(answer.text)).toBeLessThanOrEqual(BATCH_ANSWER_BYTES_MAX);
    expect(await gateway.auditedCount()).toBe(before + 16);
    const events = gateway.auth.events.slice(before);
    expect(events.every(({ outcome }) => outcome === 1)).toBe(true);
    expect(events.filter(({ reason }) => reason === 'BATCH_ANSWER_TOO_LARGE')).toHaveLength(1);
  });

  test('is the same for MCP', async () => {
    const headers = { 'mcp-protocol-version': '2025-03-26' };
    const answer = await gateway.post(calls(16, MIB), { headers });
    expect(told(answer.json)).toEqual([WITHHELD, ...some(15, 'result')]);
  });

  test('leaves a WebSocket open', async () => {
    await using client = await WsClient.open(gateway);
    client.send(calls(16, MIB));
    expect(told(await client.next())).toEqual([...some(3, WITHHELD), ...some(13, 'result')]);
    expect(await client.call('ping')).toMatchObject({ result: {} });
  });

  test('fits into a frame of a session', async () => {
    using client = await SessionClient.open(gateway);
    client.send(calls(6, MIB));
    expect(told(await client.next())).toEqual([...some(2, WITHHELD), ...some(4, 'result')]);
  });

  test('tells whoever sends too much what was not done', async () => {
    const answers = told((await gateway.post(calls(100, MIB))).json);
    const ran = answers.filter((answer) => answer === WITHHELD).length;
    expect(ran).toBeLessThanOrEqual(BATCH_REQUESTS_AT_ONCE_MAX);
    expect(answers).toEqual([...some(85 - ran, UNBEGUN), ...some(ran, WITHHELD), ...some(15, 'result')]);
  });
});

test('what others send is answered whatever a batch holds', async () => {
  await using fixture = await GatewayFixture.start({
    overrides: { tool: { callTool } },
    limits: { answers: { batchMax: 2 * MIB, perCredentialMax: 3 * MIB } },
  });
  const held = () => gaugeOf(fixture, 'gantry_gateway_batch_answer_bytes');
  const full = [call(0, MIB), call(1, 'held')];
  const batches = [fixture.post(full), fixture.post(full)];
  await vi.waitFor(async () => expect(await held()).toBeGreaterThan(2 * MIB));
  // Of the same credential: single requests, and short answers to batches, but no long one.
  expect(await fixture.result('tools/call', { name: String(2 * MIB) })).toMatchObject({ isError: false });
  expect(told((await fixture.post([call(0, 100), call(1, MIB)])).json)).toEqual([WITHHELD, 'result']);
  // Of another one: whatever it may have anyway.
  const key = fixture.auth.addKey({ credentialId: 'other' });
  expect(told((await fixture.post([call(0, 100), call(1, MIB)], { key })).json)).toEqual(some(2, 'result'));
  for (const open of gates.splice(0)) open();
  for (const { json } of await Promise.all(batches)) expect(told(json)).toEqual(some(2, 'result'));
  expect(await held()).toBe(0);
});

test('a batch whose client has gone holds nothing any more', async () => {
  const client = await WsClient.open(gateway);
  client.send([call(0, MIB), call(1, 'held')]);
  await vi.waitFor(async () =>
    expect(await gaugeOf(gateway, 'gantry_gateway_batch_answer_bytes')).toBeGreaterThan(MIB),
  );
  await client[Symbol.asyncDispose]();
  await vi.waitFor(async () => expect(await gaugeOf(gateway, 'gantry_gateway_batch_answer_bytes')).toBe(0));
  for (const open of gates.splice(0)) open();
});
