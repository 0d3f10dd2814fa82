import type { Contender, LoadOptions } from './contender.ts';
import { createDriverLoad } from './load/driver-load.ts';
import { createH2loadSessions } from './load/h2load-sessions.ts';
import { FIRST_ID } from './load/http-plan.ts';
import type { Load } from './load/load.ts';
import type { RequestCounters } from './load/request-counters.ts';
import { versionOf } from './load/run-program.ts';
import { openSession } from './load/session-client.ts';
import { type SessionTarget, toCallMessage } from './load/session-plan.ts';
import { assertEchoed } from './targets/echo.ts';

/** A session that does not answer one message in this time cannot be measured. */
const ANSWER_MS_MAX = 5_000;

/**
 * Calls of a stream: opening one costs the gateway as much as six to twelve calls, which is some hundredths of so many; and
 * four streams of so many are as much as one key may have in flight, so that none waits for the end of another.
 */
const CALLS_PER_STREAM = 256;

/** Calls of a frame: about what a client has ready at a time that keeps a few hundred in flight. */
const CALLS_PER_FRAME = 32;

/** Says where `Session` is served, and how answers come. */
export interface SessionOptions extends SessionTarget {
  /** Whether each frame is answered with one frame. */
  readonly isFrameForFrame: boolean;
  /** What the server itself counts. */
  readonly counters?: RequestCounters;
}

interface SessionLoadOptions extends LoadOptions {
  readonly isDrivenByNode?: boolean;
}

/** Makes a contender of sessions; `isDrivenByNode` takes grpc-js for the client even where h2load is there. */
export async function createSessionContender(
  { name, processes }: Pick<Contender, 'name' | 'processes'>,
  session: SessionOptions,
  options: SessionLoadOptions,
): Promise<Contender> {
  const verify = () => sendOne(session);
  await verify();
  return { name, processes, load: await createLoad(name, session, options), verify };
}

async function createLoad(
  name: string,
  { target, metadata, isFrameForFrame, counters }: SessionOptions,
  { sessions, sessionInFlight, folder, isDrivenByNode = false }: SessionLoadOptions,
): Promise<Load> {
  if (isDrivenByNode || versionOf('h2load') === undefined) {
    return createDriverLoad({ kind: 'session', target, metadata, channels: sessions, inFlight: sessionInFlight });
  }
  const plan = { target, metadata, callsPerStream: CALLS_PER_STREAM, callsPerFrame: CALLS_PER_FRAME };
  return createH2loadSessions(plan, { name, sessions, folder, isFrameForFrame, counters });
}

async function sendOne(target: SessionTarget): Promise<void> {
  using session = openSession(target);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_MS_MAX} ms`)), ANSWER_MS_MAX);
  session.stream.on('error', reject);
  session.stream.on('data', ({ messages: [message] }) => message && resolve(Buffer.from(message).toString()));
  session.stream.write({ messages: [toCallMessage(FIRST_ID)] });
  try {
    assertEchoed(await promise, FIRST_ID);
  } finally {
    clearTimeout(timer);
  }
}
