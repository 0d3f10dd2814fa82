import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

import { settleStart } from './redis-process.ts';
import type { RedisEvent, RedisStart } from './redis-process.ts';

// Found on PATH; installed by the system, not by npm.
const PROGRAM = 'redis-server';
// A failed start says why in its last lines.
const KEPT_LINES_MAX = 10;

/** Starts the `redis-server` on PATH on 127.0.0.1, without persistence. */
export async function startRedisServer(port: number): Promise<RedisStart> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', tmpdir()];
  const child = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  return settleStart(child, firstEvent(child, child.stdout));
}

/** Reads its log: that it accepts connections can only be known to be said of this server when this server says it. */
function firstEvent(child: ChildProcess, output: Readable): Promise<RedisEvent> {
  const lines: string[] = [];
  return new Promise((resolve, reject) => {
    createInterface({ input: output, crlfDelay: Infinity }).on('line', (line) => {
      lines.push(line);
      if (lines.length > KEPT_LINES_MAX) lines.shift();
      if (line.includes('Ready to accept connections')) resolve('ready');
      if (line.includes('Address already in use')) resolve('port-taken');
    });
    child.once('error', (error) => {
      if ('code' in error && error.code === 'ENOENT') resolve('not-installed');
      else reject(error);
    });
    child.once('close', () => reject(new Error(`redis-server ended at its start: ${lines.join('\n')}`)));
  });
}
