import type { SessionResponse } from '@gantry/protocol/gantry/gateway/v1/mcp_service';

import { ECHO_ARGUMENTS, type echoResult, MESSAGE } from '../targets/echo.ts';
import type { DriveJob } from './drive-job.ts';
import { FIRST_ID } from './http-plan.ts';
import type { LoadResult } from './load.ts';
import { MeasuredWindow } from './measured-window.ts';
import { openSession } from './session-client.ts';

const TAIL = Buffer.from(
  `,"method":"tools/call","params":${JSON.stringify({ name: 'echo', arguments: ECHO_ARGUMENTS })}}`,
);

/**
 * Keeps messages in flight on several sessions. The messages that take the place of those answered by one response go out
 * in one request, as a client does that has several callers.
 */
export function driveSessions(job: DriveJob): Promise<LoadResult> {
  const window = new MeasuredWindow(job.seconds);
  for (let session = 0; session < job.channels; session += 1) driveSession(job, window);
  return window.result();
}

function driveSession({ target, metadata, inFlight, channels }: DriveJob, window: MeasuredWindow): void {
  const { stream } = openSession({ target, metadata });
  const startedAtMsById = new Map<number, number>();
  let id = FIRST_ID - 1;
  const send = (count: number) => {
    const nowMs = performance.now();
    const messages = Array.from({ length: count }, () => {
      id += 1;
      startedAtMsById.set(id, nowMs);
      return Buffer.concat([Buffer.from(`{"jsonrpc":"2.0","id":${id}`), TAIL]);
    });
    stream.write({ messages });
  };
  stream.on('error', (error) => window.abort(error));
  stream.on('data', ({ messages }: SessionResponse) => {
    const answers = messages
      .map((message) => parse(message))
      .filter((message) => {
        if (message.method !== 'ping') return true;
        // The gateway asks now and then whether its client is there.
        stream.write({ messages: [Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":{}}`)] });
        return false;
      });
    for (const answer of answers) receive(answer, startedAtMsById, window);
    if (answers.length > 0) send(answers.length);
  });
  send(Math.ceil(inFlight / channels));
}

interface Message {
  readonly id: number;
  readonly method?: string;
  readonly result?: ReturnType<typeof echoResult>;
}

function parse(bytes: Uint8Array): Message {
  // Anything but the answer shows as one that is wrong.
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()) as Message;
}

/** A cheap look: whoever drives sessions does less with each message than the server, or the driver is what is measured. */
function receive({ id, result }: Message, startedAtMsById: Map<number, number>, window: MeasuredWindow): void {
  const startedAtMs = startedAtMsById.get(id);
  startedAtMsById.delete(id);
  const isRight = result?.isError === false && result.structuredContent.message === MESSAGE;
  if (isRight && startedAtMs !== undefined) window.answered(startedAtMs);
  else window.failed();
}
