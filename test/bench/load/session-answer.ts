import { SessionResponse } from '@gantry/protocol/gantry/gateway/v1/mcp_service';

import { assertEchoed } from '../targets/echo.ts';
import { PREFIX_BYTES } from './grpc-plan.ts';
import { idsOf } from './session-plan.ts';

/** How long the answers of a stream are. */
export interface StreamBytes {
  /** The answers, without what gRPC puts before each frame. */
  readonly answerBytes: number;
  /** The frames that they came in, the empty one included. */
  readonly frames: number;
}

/**
 * Checks everything that a server sent on a stream of a plan: each call is answered once, and rightly.
 *
 * @throws {Error} that says what is wrong.
 */
export function assertStreamAnswered(body: Buffer, plan: { readonly callsPerStream: number }): StreamBytes {
  const frames = framesOf(body);
  const open = new Set(idsOf(plan));
  for (const message of frames.flatMap((frame) => SessionResponse.decode(frame).messages)) {
    const text = Buffer.from(message).toString();
    const id = idOf(text);
    if (!open.delete(id)) throw new Error(`an answer that was not asked for, or a second one: ${text.slice(0, 500)}`);
    assertEchoed(text, id);
  }
  if (open.size > 0) throw new Error(`${open.size} of ${plan.callsPerStream} calls were not answered`);
  return { answerBytes: frames.reduce((total, { length }) => total + length, 0), frames: frames.length };
}

function framesOf(body: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  let at = 0;
  while (at < body.length) {
    const start = at + PREFIX_BYTES;
    const end = start + (start <= body.length ? body.readUInt32BE(at + 1) : 0);
    if (start > body.length || end > body.length) throw new Error('the stream ended within a frame');
    frames.push(body.subarray(start, end));
    at = end;
  }
  return frames;
}

function idOf(text: string): number {
  // assertEchoed says what is wrong with a text that has none.
  return Number(/^\{"jsonrpc":"2\.0","id":(\d+),/.exec(text)?.[1]);
}
