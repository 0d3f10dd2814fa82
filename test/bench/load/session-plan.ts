import { SessionRequest } from '@gantry/protocol/gantry/gateway/v1/mcp_service';

import { ECHO_ARGUMENTS } from '../targets/echo.ts';
import { toGrpcFrame } from './grpc-plan.ts';
import { FIRST_ID } from './http-plan.ts';

export const SESSION_PATH = '/gantry.gateway.v1.McpService/Session';

/** Says where `Session` is served. */
export interface SessionTarget {
  /** `host:port` */
  readonly target: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Streams that are all the same: so many calls of echo, packed into frames, and then the end. */
export interface SessionPlan extends SessionTarget {
  readonly callsPerStream: number;
  readonly callsPerFrame: number;
}

/** Returns the ids of the calls of a stream. They have seven digits, so that all answers are of one size. */
export function idsOf({ callsPerStream }: Pick<SessionPlan, 'callsPerStream'>): number[] {
  return Array.from({ length: callsPerStream }, (_, index) => FIRST_ID + index);
}

/** Writes the message of one call. */
export function toCallMessage(id: number): Buffer {
  const params = { name: 'echo', arguments: ECHO_ARGUMENTS };
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params }));
}

/** Writes everything that a client sends on one stream. */
export function toStreamBody(plan: Pick<SessionPlan, 'callsPerStream' | 'callsPerFrame'>): Buffer {
  const messages = idsOf(plan).map(toCallMessage);
  const frames: Buffer[] = [];
  for (let at = 0; at < messages.length; at += plan.callsPerFrame) {
    const request = { messages: messages.slice(at, at + plan.callsPerFrame) };
    frames.push(toGrpcFrame(SessionRequest.encode(request).finish()));
  }
  return Buffer.concat(frames);
}
