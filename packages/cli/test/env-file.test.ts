import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from 'vitest';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-env-file-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs the command in the folder, in an environment without any Gantry. */
function gantry(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number; stderr: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; stderr: string }>();
  execFile(process.execPath, [main, ...args], { cwd: folder, env }, (error, _stdout, stderr) => {
    resolve({ code: error === null ? 0 : Number(error.code), stderr });
  });
  return promise;
}

test('start reads .env', async () => {
  await writeFile(join(folder, '.env'), 'GATEWAY_HTTP_PORT=abc\n');
  const { code, stderr } = await gantry(['start']);
  expect(code).toBe(78);
  expect(stderr).toContain('must be a port from 0 to 65535');
});

test('cluster reads .env, in which nothing counts as unset, and the environment wins', async () => {
  await writeFile(join(folder, '.env'), 'DATABASE_URL=postgres://127.0.0.1/x\nREDIS_URL=\nAUTH_GRPC_PORT=of-file\n');
  expect((await gantry(['cluster'])).stderr).toContain('a cluster of several processes needs REDIS_URL\n');
  const env = { REDIS_URL: 'redis://127.0.0.1:1', AUTH_GRPC_PORT: 'of-environment' };
  expect((await gantry(['cluster'], env)).stderr).toContain('AUTH_GRPC_PORT is "of-environment"');
});

test('a .env that cannot be read is told in a sentence', async () => {
  await mkdir(join(folder, '.env'));
  expect(await gantry(['--help'])).toEqual({
    code: 1,
    stderr: 'gantry: .env cannot be read\n  make it a file this user may read, or remove it\n',
  });
});
