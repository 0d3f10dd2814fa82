import type { Contender, LoadOptions } from './contender.ts';
import { createDriverLoad } from './load/driver-load.ts';
import { FIRST_ID } from './load/http-plan.ts';
import { openSession } from './load/session-client.ts';
import { assertEchoed, ECHO_ARGUMENTS } from './targets/echo.ts';

/** A session that does not answer one message in this time cannot be measured. */
const ANSWER_MS_MAX = 5_000;

/** Says where `Session` is served. */
export interface SessionOptions {
  readonly target: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Makes a contender of pipelined messages on several sessions, after one answer was right. */
export async function createSessionContender(
  { name, processes }: Pick<Contender, 'name' | 'processes'>,
  { target, metadata }: SessionOptions,
  { sessions, sessionInFlight }: LoadOptions,
): Promise<Contender> {
  const verify = () => sendOne(target, metadata);
  await verify();
  const load = createDriverLoad({ kind: 'session', target, metadata, channels: sessions, inFlight: sessionInFlight });
  return { name, processes, load, verify };
}

async function sendOne(target: string, metadata: Readonly<Record<string, string>>): Promise<void> {
  using session = openSession(target, metadata);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_MS_MAX} ms`)), ANSWER_MS_MAX);
  session.stream.on('error', reject);
  session.stream.on('data', ({ messages: [message] }) => message && resolve(Buffer.from(message).toString()));
  const params = { name: 'echo', arguments: ECHO_ARGUMENTS };
  const request = { jsonrpc: '2.0', id: FIRST_ID, method: 'tools/call', params };
  session.stream.write({ messages: [Buffer.from(JSON.stringify(request))] });
  try {
    assertEchoed(await promise, FIRST_ID);
  } finally {
    clearTimeout(timer);
  }
}
