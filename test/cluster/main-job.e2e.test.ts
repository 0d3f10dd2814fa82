import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type CallGantry, connectMcpClient, connectWebSocket, grpcCaller, httpCaller, listIn } from './clients.ts';
import type { RunningGantry } from './running-gantry.ts';
import { processPerService, singleProcess } from './shapes.ts';

const records = [
  {
    id: 'kestrel-1',
    title: 'Kestrels hover',
    text: 'The kestrel hovers against the wind and watches the grass for voles.',
    source_url: 'https://birds.example/kestrel',
    timestamp: '2024-05-01T00:00:00Z',
    observer: 'Ann',
  },
  { id: 'heron-1', title: 'Herons wait', text: 'The heron stands still in shallow water until a fish comes near.' },
  { id: 7, text: 'Swifts sleep on the wing and land only to nest.' },
];

describe.each([singleProcess, processPerService])('$name', (shape) => {
  let gantry: RunningGantry;
  let documents: string;

  beforeAll(async () => {
    documents = await mkdtemp(join(tmpdir(), 'gantry-documents-'));
    await mkdir(join(documents, 'birds'));
    await writeFile(join(documents, 'records.jsonl'), records.map((record) => JSON.stringify(record)).join('\n'));
    await writeFile(
      join(documents, 'birds', 'owl.md'),
      '# Owls\n\nOwls fly without a sound.\n\n## Hearing\n\nThey find mice by ear.\n',
    );
    gantry = await shape.start({ RESOURCE_FILE_ROOTS: documents });
    const ingested = await gantry.cli('ingest', join(documents, 'records.jsonl'), join(documents, 'birds'), '--json');
    expect(ingested).toMatchObject({ exitCode: 0 });
  });
  afterAll(async () => {
    await gantry[Symbol.asyncDispose]();
    await rm(documents, { recursive: true });
  });

  async function overEveryTransport(check: (call: CallGantry) => Promise<void>): Promise<void> {
    await check(httpCaller(gantry.credentials));
    using socket = await connectWebSocket(gantry.credentials);
    await check(socket.call);
    using grpc = grpcCaller(gantry.credentials);
    await check(grpc);
  }

  test('context/get gives ranked, sourced answers in the shape of the seed, over HTTP, WebSocket and gRPC', async () => {
    await overEveryTransport(async (call) => {
      const answer = await call('context/get', {
        query: 'which bird hovers in the wind?',
        options: { maxResults: 2 },
      });
      expect(Object.keys(answer.result ?? {}).sort()).toEqual(['context', 'query_id', 'total']);
      const [best] = listIn<Record<string, unknown>>(answer, 'context');
      expect(Object.keys(best ?? {}).sort()).toEqual(['content', 'id', 'metadata', 'source', 'type']);
      expect(best).toMatchObject({
        content: expect.stringContaining('hovers against the wind'),
        type: 'document',
        source: 'records',
        metadata: {
          timestamp: '2024-05-01T00:00:00.000Z',
          relevance: 1,
          source_url: 'https://birds.example/kestrel',
          document_id: 'kestrel-1',
          observer: 'Ann',
        },
      });
    });
  });

  test('context/sources and context/search know what was ingested', async () => {
    await overEveryTransport(async (call) => {
      const sources = await call('context/sources');
      expect(sources.result?.['sources']).toMatchObject([
        { name: 'birds', document_count: 1 },
        { name: 'records', document_count: 3 },
      ]);
      const found = await call('context/search', { query: 'mice', source: 'birds' });
      expect(found.result?.['results']).toMatchObject([
        { source: 'birds', content: expect.stringContaining('by ear') },
      ]);
    });
  });

  test('tools are listed, described and executed', async () => {
    await overEveryTransport(async (call) => {
      const names = listIn<{ name: string }>(await call('tools/list'), 'tools').map(({ name }) => name);
      expect(names).toEqual(['context_get', 'context_search', 'current_time', 'echo', 'resource_read']);
      expect((await call('tools/schema', { name: 'echo' })).result).toMatchObject({
        type: 'object',
        required: ['message'],
      });
      const echoed = await call('tools/execute', { name: 'echo', parameters: { message: 'grüße' } });
      expect(echoed.result).toMatchObject({ content: [{ type: 'text', text: 'grüße' }] });
    });
  });

  test('a tool reaches the other services with the permissions of its caller', async () => {
    const call = httpCaller(gantry.credentials);
    const found = await call('tools/execute', { name: 'context_get', parameters: { query: 'heron fish' } });
    expect(JSON.stringify(found.result)).toContain('stands still');
    const uri = `file://${join(documents, 'birds', 'owl.md')}`;
    const read = await call('tools/execute', { name: 'resource_read', parameters: { uri } });
    expect(JSON.stringify(read.result)).toContain('without a sound');
  });

  test('resources are listed and read; what is outside the roots does not exist', async () => {
    await overEveryTransport(async (call) => {
      const listed = await call('resources/list', { type: 'file' });
      const uris = listIn<{ uri: string }>(listed, 'resources').map(({ uri }) => uri);
      expect(uris).toContain(`file://${join(documents, 'birds', 'owl.md')}`);
      const read = await call('resources/get', { uri: `file://${join(documents, 'birds', 'owl.md')}` });
      expect(read.result?.['contents']).toMatchObject([{ text: expect.stringContaining('# Owls') }]);
      const outside = await call('resources/get', { uri: `file://${documents}/birds/../../../etc/passwd` });
      expect(outside.error).toMatchObject({ code: -32002 });
    });
  });

  test('a session keeps its context window on every replica', async () => {
    const call = httpCaller(gantry.credentials);
    const entries = [{ id: 'e1', role: 'user', content: 'Tell me of owls.' }];
    expect((await call('session/append', { sessionId: 's-1', entries })).error).toBeUndefined();
    for (let i = 0; i < 6; i += 1) {
      const { result } = await call('session/get', { sessionId: 's-1' });
      expect(result?.['entries']).toMatchObject([{ id: 'e1', role: 'user', content: 'Tell me of owls.' }]);
    }
  });

  test('the official client lists tools, calls one and reads a resource, whichever replica a request reaches', async () => {
    const client = await connectMcpClient(gantry.credentials);
    for (let i = 0; i < 10; i += 1) {
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name)).toContain('echo');
      const result = await client.callTool({ name: 'echo', arguments: { message: `call ${i}` } });
      expect(result.content).toEqual([{ type: 'text', text: `call ${i}` }]);
    }
    const { contents } = await client.readResource({ uri: `file://${join(documents, 'birds', 'owl.md')}` });
    expect(contents).toMatchObject([{ text: expect.stringContaining('# Owls') }]);
    await client.close();
    const served = await Promise.all(gatewayMetricsUrls(gantry).map(countRequests));
    expect(served).toHaveLength(shape.gateways);
    for (const count of served) expect(count).toBeGreaterThan(0);
  });

  test('a key that is made with a role can do that and no more, and ends when it is revoked, everywhere', async () => {
    const created = await gantry.cli('keys', 'create', '--name', 'reader', '--role', 'reader', '--json');
    const { secret, key } = JSON.parse(created.stdout) as { secret: string; key: { key_id: string } };
    const asReader = httpCaller({ ...gantry.credentials, apiKey: secret });
    expect((await asReader('context/get', { query: 'owl' })).error).toBeUndefined();
    const refused = await asReader('documents/upsert', { documents: [{ id: 'x', text: 'x' }] });
    expect(refused.error).toMatchObject({ code: -32001, data: { required_permission: 'documents:write' } });
    expect(await gantry.cli('keys', 'revoke', key.key_id)).toMatchObject({ exitCode: 0 });
    // Revocation is pushed: within a second no replica takes the key any more. Two full seconds would be late.
    await expect.poll(async () => (await asReader('tools/list')).error?.code, { timeout: 2_000 }).toBe(-32000);
    for (let i = 0; i < 10; i += 1) expect((await asReader('tools/list')).error?.code).toBe(-32000);
  });

  test('an administrator makes a role for one tool, and a key with it sees and calls that tool alone', async () => {
    const role = { name: 'echo-only', permissions: ['tools/echo:execute', 'tools:read'] };
    const asAdmin = httpCaller(gantry.credentials);
    expect((await asAdmin('roles/put', role)).result).toEqual(role);
    expect(listIn(await asAdmin('roles/list'), 'roles')).toContainEqual(role);
    const created = await gantry.cli('keys', 'create', '--name', 'echoist', '--role', role.name, '--json');
    expect(created).toMatchObject({ exitCode: 0 });
    const { secret } = JSON.parse(created.stdout) as { secret: string };
    const call = httpCaller({ ...gantry.credentials, apiKey: secret });
    expect(listIn(await call('tools/list'), 'tools')).toMatchObject([{ name: 'echo' }]);
    const echoed = await call('tools/execute', { name: 'echo', parameters: { message: 'mine' } });
    expect(echoed.result).toMatchObject({ content: [{ type: 'text', text: 'mine' }] });
    const refused = await call('tools/execute', { name: 'current_time', parameters: {} });
    expect(refused.error).toMatchObject({ code: -32602, data: { reason: 'TOOL_NOT_FOUND' } });
    const raised = await call('roles/put', { ...role, permissions: ['tools:execute'] });
    expect(raised.error).toMatchObject({ code: -32001, data: { required_permission: 'policy:write' } });
  });

  test('a limited key has one budget over all replicas and transports', async () => {
    const limited = ['keys', 'create', '--name', 'limited', '--role', 'reader', '--per-minute', '5', '--json'];
    const { secret } = JSON.parse((await gantry.cli(...limited)).stdout) as { secret: string };
    const credentials = { ...gantry.credentials, apiKey: secret };
    using grpc = grpcCaller(credentials);
    const http = httpCaller(credentials);
    const codes: (number | undefined)[] = [];
    for (let i = 0; i < 6; i += 1) {
      codes.push((await http('tools/list')).error?.code, (await grpc('tools/list')).error?.code);
    }
    expect(codes.filter((code) => code === undefined)).toHaveLength(5);
    expect(codes.slice(5)).toEqual(Array.from({ length: 7 }, () => -32004));
  });

  test('what was done, refused and malformed is in the audit log', async () => {
    const call = httpCaller(gantry.credentials);
    await call('tools/execute', { name: 'echo', parameters: { message: 'audited' } });
    await httpCaller({ ...gantry.credentials, apiKey: 'gk_wrong' })('tools/list');
    await call('no/such-method');
    const outcomesOf = async (method: string) => {
      const events = listIn<{ method: string; outcome: string; target: string }>(
        await call('audit/query', { limit: 1_000 }),
        'events',
      );
      return events.filter((event) => event.method === method);
    };
    await expect
      .poll(() => outcomesOf('tools/execute'))
      .toContainEqual(expect.objectContaining({ target: 'echo', outcome: 'success' }));
    await expect
      .poll(() => outcomesOf('no/such-method'))
      .toContainEqual(expect.objectContaining({ outcome: 'failure' }));
  });

  test('the CLI answers a question, lists and calls tools, and finds nothing wrong', async () => {
    const context = await gantry.cli('context', 'where do herons stand?');
    expect(context).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('1. Herons wait') });
    expect(await gantry.cli('tools')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('echo') });
    const called = await gantry.cli('call', 'echo', '{"message":"hello"}');
    expect(called).toMatchObject({ exitCode: 0, stdout: 'hello\n' });
    const doctor = await gantry.cli('doctor', '--json');
    const { checks } = JSON.parse(doctor.stdout) as { checks: { name: string; state: string }[] };
    expect(checks.filter(({ state }) => state === 'failed')).toEqual([]);
  });
});

function gatewayMetricsUrls(gantry: RunningGantry): string[] {
  const admin = [...gantry.output().matchAll(/gateway-\d+ .*?(http:\S+)\/readyz/g)].map(([, url]) => url ?? '');
  const single = /Health\s+(http:\S+?)\/readyz/.exec(gantry.output())?.[1];
  return single === undefined ? admin : [single];
}

async function countRequests(adminUrl: string): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  return [...text.matchAll(/^mcp_requests_total\{.*\} (\d+)$/gm)].reduce((sum, [, value]) => sum + Number(value), 0);
}
