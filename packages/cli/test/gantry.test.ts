import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { apiKeyIdOf } from '@gantry/identity';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { errorAnswer, resultAnswer, startHttpGateway } from './http-gateway.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-cli-'));
});
afterEach(() => rm(folder, { recursive: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as a process of its own, in an environment without any Gantry. */
function gantry(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  execFile(process.execPath, [main, ...args], { cwd: folder, env }, (error, stdout, stderr) => {
    resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
  });
  return promise;
}

/** A gateway that answers each method with the result given for it. */
async function startGateway(results: Readonly<Record<string, unknown>>) {
  const gateway = await startHttpGateway(({ body }) => resultAnswer(results[body.method]));
  return {
    env: { GANTRY_URL: gateway.url, GANTRY_API_KEY: 'gk_test' },
    params: () => gateway.calls.map(({ body }) => body.params),
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

describe('help', () => {
  test.each([[[]], [['--help']], [['help']]])('gantry %j shows the commands', async (args) => {
    const { code, stdout } = await gantry(args);
    expect(code).toBe(0);
    for (const name of ['start', 'cluster', 'ingest', 'context', 'tools', 'call', 'read', 'keys', 'doctor', 'env']) {
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
  });

  test('the help of a command shows its own options and those of all', async () => {
    const { code, stdout } = await gantry(['keys', 'create', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('--per-minute');
    expect(stdout).toContain('--data-dir');
  });
});

test.each(['--version', '-V'])('gantry %s shows the version of the repository', async (flag) => {
  const manifest: { version: string } = JSON.parse(
    await readFile(new URL('../../../package.json', import.meta.url), 'utf8'),
  );
  expect(await gantry([flag])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
});

describe('commands that are written wrongly', () => {
  test.each([
    [['tool'], "unknown command 'tool' (Did you mean tools?)"],
    [['tools', '--jsn'], "unknown option '--jsn' (Did you mean --json?)"],
    [['call'], "missing required argument 'tool'"],
    [['keys'], 'a command is missing'],
    [['keys', 'create'], "required option '--name <name>' not specified"],
    [['context', 'why?', '--max', '51'], 'it is a number from 1 to 50.'],
    [['call', 'echo', '{message}'], 'the arguments are not valid JSON'],
    [['call', 'echo', '["a"]'], 'the arguments are not a JSON object'],
    [['cluster', '--replicas', 'gateway=many'], '"gateway=many"'],
    [['tools', '--url', 'http://127.0.0.1:1/mcp'], 'without an API key'],
  ])('gantry %j is exit code 2, a sentence, and the same as JSON', async (args, message) => {
    const plain = await gantry(args);
    expect(plain.code).toBe(2);
    expect(plain.stdout).toBe('');
    expect(plain.stderr).toContain(message);
    expect(plain.stderr).not.toMatch(/^\s+at /m);
    const machine = await gantry([...args, '--json']);
    expect(machine.code).toBe(2);
    expect(JSON.parse(machine.stdout)).toMatchObject({
      error: { message: expect.stringContaining(message), hint: expect.any(String) },
    });
  });
});

describe('failures', () => {
  test('without a Gantry every command that needs one says how to start one', async () => {
    const commands = [
      ['tools'],
      ['call', 'echo'],
      ['read', 'file:///a'],
      ['context', 'why?'],
      ['ingest', '.'],
      ['keys', 'list'],
      ['keys', 'create', '--name', 'a'],
      ['keys', 'revoke', 'a'],
    ];
    for (const args of commands) {
      const { code, stdout, stderr } = await gantry([...args, '--data-dir', join(folder, 'nothing')]);
      expect([args, code, stdout]).toEqual([args, 1, '']);
      expect(stderr).toContain(`there is no credentials.json in ${join(folder, 'nothing')}`);
      expect(stderr).toContain('npm start');
      expect(stderr).not.toMatch(/^\s+at /m);
    }
  });

  test('the options of all commands stand before or after the command', async () => {
    for (const args of [
      ['--json', '--data-dir', 'x', 'tools'],
      ['tools', '--json', '--data-dir', 'x'],
    ]) {
      const { code, stdout } = await gantry(args);
      expect(code).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({ error: { message: expect.stringContaining('in x') } });
    }
  });

  test('--debug shows the stack', async () => {
    const { stderr } = await gantry(['tools', '--debug']);
    expect(stderr).toMatch(/^ +at .*connection\.ts/m);
  });

  test('variables that are set to nothing are not set', async () => {
    const { stderr } = await gantry(['tools'], { GANTRY_URL: '', GANTRY_API_KEY: '', GANTRY_DATA_DIR: '' });
    expect(stderr).toContain('no credentials.json in .gantry');
  });

  test('a cluster without stores says which to set', async () => {
    const { code, stderr } = await gantry(['cluster'], { REDIS_URL: 'redis://127.0.0.1:1' });
    expect(code).toBe(1);
    expect(stderr).toContain('a cluster of several processes needs DATABASE_URL\n');
  });
});

describe('what is printed', () => {
  test('env prints secrets that the services accept, different ones each time', async () => {
    const { code, stdout } = await gantry(['env']);
    expect(code).toBe(0);
    const variables = Object.fromEntries(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split('=', 2)),
    );
    expect(Object.keys(variables)).toEqual(['GANTRY_CLUSTER_SECRET', 'AUTH_BOOTSTRAP_API_KEY', 'POSTGRES_PASSWORD']);
    expect(apiKeyIdOf(variables['AUTH_BOOTSTRAP_API_KEY'])).toMatch(/^[0-9a-f]{16}$/);
    expect(variables['GANTRY_CLUSTER_SECRET'].length).toBeGreaterThanOrEqual(32);
    expect(JSON.parse((await gantry(['env', '--json'])).stdout)).not.toEqual(variables);
  });

  test('tools are listed from all pages', async () => {
    await using gateway = await startGateway({ 'tools/list': { tools: [{ name: 'echo', description: 'Says it.' }] } });
    expect(await gantry(['tools'], gateway.env)).toEqual({
      code: 0,
      stdout: 'TOOL  WHAT IT DOES\necho  Says it.\n',
      stderr: '',
    });
    const { stdout } = await gantry(['tools', '--json'], gateway.env);
    expect(JSON.parse(stdout)).toEqual({ tools: [{ name: 'echo', description: 'Says it.' }] });
  });

  test('a tool is called with its arguments, and its answer is printed', async () => {
    const result = { content: [{ type: 'text', text: 'it works' }, { type: 'image' }], isError: false };
    await using gateway = await startGateway({ 'tools/execute': result });
    expect(await gantry(['call', 'x', '{"a":1}'], gateway.env)).toEqual({
      code: 0,
      stdout: 'it works\n[image]\n',
      stderr: '',
    });
    const { code, stdout } = await gantry(['call', 'x', '--json'], gateway.env);
    expect([code, JSON.parse(stdout)]).toEqual([0, result]);
    expect(gateway.params()).toEqual([
      { name: 'x', parameters: { a: 1 } },
      { name: 'x', parameters: {} },
    ]);
  });

  test('a tool that ran and failed is exit code 1, and what it said is told', async () => {
    const data = { reason: 'TOOL_EXECUTION_FAILED', content: [{ type: 'text', text: 'it broke' }, { type: 'image' }] };
    const message = 'the tool "x" ran and failed; data.content says why';
    await using gateway = await startHttpGateway(() => errorAnswer({ code: -32_003, message, data }));
    const env = { GANTRY_URL: gateway.url, GANTRY_API_KEY: 'gk_test' };
    expect(await gantry(['call', 'x'], env)).toEqual({
      code: 1,
      stdout: '',
      stderr: 'gantry: the tool "x" ran and failed\n  it broke\n  [image]\n',
    });
    const { code, stdout } = await gantry(['call', 'x', '--json'], env);
    expect([code, JSON.parse(stdout)]).toEqual([
      1,
      { error: { message: 'the tool "x" ran and failed', hint: 'it broke\n[image]', code: -32_003, data } },
    ]);
  });

  test('a key whose user has no roles comes with a warning, and one that has some does not', async () => {
    const answer = (roles: readonly string[]) => ({ key: { key_id: 'abc', user: 'ci', roles }, secret: 'gk_abc' });
    await using idle = await startGateway({ 'keys/create': answer([]) });
    const warned = await gantry(['keys', 'create', '--name', 'ci'], idle.env);
    expect(warned).toMatchObject({ code: 0, stdout: expect.stringMatching(/^gk_abc\n/) });
    expect(warned.stderr).toContain('this key may do nothing yet: its user "ci" has no roles');
    expect(warned.stderr).toContain('npx gantry keys revoke abc');
    const machine = await gantry(['keys', 'create', '--name', 'ci', '--json'], idle.env);
    expect([machine.stderr !== '', JSON.parse(machine.stdout)]).toEqual([true, answer([])]);
    await using reader = await startGateway({ 'keys/create': answer(['reader']) });
    expect((await gantry(['keys', 'create', '--name', 'ci', '--role', 'reader'], reader.env)).stderr).toBe('');
  });

  test('a resource is printed as it is, or written byte for byte', async () => {
    await using text = await startGateway({ 'resources/read': { contents: [{ text: 'a\u001B[1mb' }] } });
    expect((await gantry(['read', 'file:///a'], text.env)).stdout).toBe('a\u001B[1mb\n');
    const blob = Buffer.from([0, 255, 10]);
    await using binary = await startGateway({
      'resources/read': { contents: [{ mimeType: 'image/png', blob: blob.toString('base64') }] },
    });
    const refused = await gantry(['read', 'file:///a'], binary.env);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('--out')]);
    const written = await gantry(['read', 'file:///a', '--out', 'a.png', '--json'], binary.env);
    expect(JSON.parse(written.stdout)).toEqual({ uri: 'file:///a', file: 'a.png', bytes: 3 });
    const nowhere = await gantry(['read', 'file:///a', '--out', 'no/such/folder'], binary.env);
    expect([nowhere.code, nowhere.stderr]).toEqual([1, expect.stringContaining('does its folder exist')]);
  });

  test('passages are shown with their source, and nothing found says what to do', async () => {
    const item = {
      content: 'Two\nlines.',
      source: 'docs',
      metadata: { relevance: 0.876, title: 'A title', source_url: 'file:///a.md' },
    };
    await using gateway = await startGateway({ 'context/get': { context: [item], total: 7 } });
    const { stdout } = await gantry(['context', 'why?', '--max', '1', '--source', 'docs'], gateway.env);
    expect(stdout).toBe('1. A title  [docs, relevance 0.88]\n   file:///a.md\n   Two\n   lines.\n\n1 of 7 passages.\n');
    expect(gateway.params()).toEqual([{ query: 'why?', options: { maxResults: 1, sources: ['docs'] } }]);
    await using empty = await startGateway({ 'context/get': { context: [], total: 0 } });
    expect((await gantry(['context', 'why?'], empty.env)).stdout).toContain('gantry ingest');
  });

  test('to find nothing in a source that does not exist is a failure that names those that do', async () => {
    await using gateway = await startGateway({
      'context/get': { context: [], total: 0 },
      'context/sources': { sources: [{ name: 'docs' }, { name: 'wiki' }] },
    });
    expect(await gantry(['context', 'why?', '--source', 'dcos', 'docs'], gateway.env)).toEqual({
      code: 1,
      stdout: '',
      stderr: 'gantry: no source has the name "dcos"\n  there are: docs, wiki\n',
    });
    const { code, stdout } = await gantry(['context', 'why?', '--source', 'dcos', '--json'], gateway.env);
    expect([code, JSON.parse(stdout)]).toMatchObject([1, { error: { message: 'no source has the name "dcos"' } }]);
    expect(await gantry(['context', 'why?', '--source', 'docs'], gateway.env)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Nothing fits'),
    });
  });

  test('doctor says in one field whether all is well', async () => {
    await using gateway = await startHttpGateway(() => resultAnswer({}));
    const env = { GANTRY_URL: gateway.url, GANTRY_API_KEY: 'gk_test' };
    const well = await gantry(['doctor', '--json'], env);
    expect([well.code, JSON.parse(well.stdout)]).toMatchObject([0, { ok: true }]);
    const ill = await gantry(['doctor', '--json'], { ...env, REDIS_URL: 'nonsense' });
    expect([ill.code, JSON.parse(ill.stdout)]).toMatchObject([1, { ok: false }]);
  });

  test('ingest reports what failed and is exit code 1 for it', async () => {
    await using gateway = await startGateway({
      'documents/upsert': { results: [{ id: 'a', outcome: 'created', passage_count: 2 }] },
    });
    await writeFile(join(folder, 'good.jsonl'), '{"id":"a","text":"x"}\n');
    await writeFile(join(folder, 'bad.jsonl'), 'broken\n');
    expect(await gantry(['ingest', 'good.jsonl'], gateway.env)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^1 document \(1 new, 0 changed, 0 unchanged\), 2 passages, in .*\n$/),
    });
    const mixed = await gantry(['ingest', 'good.jsonl', 'bad.jsonl', '--json'], gateway.env);
    expect(mixed.code).toBe(1);
    expect(JSON.parse(mixed.stdout)).toMatchObject({
      created: 1,
      failureCount: 1,
      failures: [{ where: 'bad.jsonl:1', error: 'is not a JSON object' }],
    });
    const plain = await gantry(['ingest', 'bad.jsonl'], gateway.env);
    expect(plain).toMatchObject({ code: 1, stdout: expect.stringContaining('  bad.jsonl:1: is not a JSON object') });
  });

  test('ingest says how many files it passed over because of their ending', async () => {
    await using gateway = await startGateway({
      'documents/upsert': { results: [{ id: 'a', outcome: 'unchanged', passage_count: 1 }] },
    });
    await writeFile(join(folder, 'page.md'), 'text');
    await writeFile(join(folder, 'picture.png'), '');
    const plain = await gantry(['ingest', '.'], gateway.env);
    expect(plain).toMatchObject({ code: 0, stdout: expect.stringContaining('\n1 file was passed over') });
    const machine = await gantry(['ingest', '.', '--json'], gateway.env);
    expect(JSON.parse(machine.stdout)).toMatchObject({ unchanged: 1, passedOverCount: 1 });
    await rm(join(folder, 'page.md'));
    const nothing = await gantry(['ingest', '.'], gateway.env);
    expect([nothing.code, nothing.stderr]).toEqual([1, expect.stringContaining('1 file had other endings')]);
  });
});
