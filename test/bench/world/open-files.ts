import { readFileSync } from 'node:fs';

/** Idle connections, and sessions, at the most. */
export const SOCKETS = 10_000;

/** What the gateway must allow for that. */
export const SOCKETS_ENV = { GATEWAY_MAX_CONNECTIONS: '20000' } as const;

/** Files that a process has open besides. */
const SPARE = 1_000;

/**
 * Checks that processes started from here may hold so many sockets.
 *
 * @throws {Error} that says what to do.
 */
export function requireOpenFiles(sockets: number): void {
  const limit = openFilesIn(readFileSync('/proc/self/limits', 'utf8'));
  if (limit < sockets + SPARE) {
    throw new Error(`${sockets} sockets need ulimit -n ${sockets + SPARE} or more; it is ${limit}`);
  }
}

/** Reads the soft limit of open files out of a `/proc/PID/limits`. */
export function openFilesIn(limits: string): number {
  const soft = /^Max open files\s+(\S+)/m.exec(limits)?.[1];
  return soft === 'unlimited' ? Infinity : Number(soft);
}
