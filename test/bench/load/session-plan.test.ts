import { SessionRequest } from '@gantry/protocol/gantry/gateway/v1/mcp_service';
import { expect, test } from 'vitest';

import { toGrpcFrame } from './grpc-plan.ts';
import { idsOf, toCallMessage, toStreamBody } from './session-plan.ts';

test('a stream is its calls in frames, the last of which may be shorter', () => {
  const messages = idsOf({ callsPerStream: 3 }).map(toCallMessage);
  const frames = [messages.slice(0, 2), messages.slice(2)];
  const bytes = frames.map((frame) => toGrpcFrame(SessionRequest.encode({ messages: frame }).finish()));
  expect(toStreamBody({ callsPerStream: 3, callsPerFrame: 2 })).toEqual(Buffer.concat(bytes));
});

test('all calls are of one size, and so are their answers', () => {
  const sizes = new Set(idsOf({ callsPerStream: 1_024 }).map((id) => toCallMessage(id).length));
  expect(sizes.size).toBe(1);
});
