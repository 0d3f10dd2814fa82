import { AppError } from '@gantry/errors';
import { SessionResponse } from '@gantry/protocol/gantry/gateway/v1/mcp_service';
import { expect, test } from 'vitest';

import { FRAME_BYTES_TARGET } from './session-frame.ts';
import { SessionOutbox } from './session-outbox.ts';

function world() {
  const taken: number[] = [];
  let closedCount = 0;
  const outbox = new SessionOutbox({ onTaken: (bytes) => taken.push(bytes), onClosed: () => (closedCount += 1) });
  const frame = async () => {
    const { value } = await outbox.next();
    return value === undefined
      ? undefined
      : SessionResponse.decode(value).messages.map((bytes) => Buffer.from(bytes).toString());
  };
  return { outbox, taken, frame, closedCount: () => closedCount };
}

test('what is put in during a turn is one frame', async () => {
  const { outbox, frame, taken } = world();
  const first = frame();
  outbox.put('a');
  await Promise.resolve();
  outbox.put('b');
  expect(outbox.bytes).toBe(2);
  expect(await first).toEqual(['a', 'b']);
  expect([outbox.bytes, taken]).toEqual([0, [2]]);
});

test('what is more than a frame should hold is spread over several, and a long message is one', async () => {
  const { outbox, frame } = world();
  const half = 'x'.repeat(FRAME_BYTES_TARGET / 2);
  const long = 'y'.repeat(FRAME_BYTES_TARGET * 2);
  for (const text of ['a', long, half, half, 'b']) outbox.put(text);
  for (const expected of [['a'], [long], [half, half], ['b']]) expect(await frame()).toEqual(expected);
});

test('the greeting comes first, and by itself', async () => {
  const { outbox, frame } = world();
  outbox.put('a');
  outbox.greet();
  expect(await frame()).toEqual([]);
  expect(await frame()).toEqual(['a']);
});

test('the end comes after all that was put in, and nothing after it', async () => {
  const { outbox, frame, closedCount } = world();
  outbox.put('a');
  outbox.end();
  outbox.end(new AppError({ code: 'INTERNAL', reason: 'TOO_LATE', message: 'too late' }));
  expect(outbox.put('b')).toBe(0);
  expect(await frame()).toEqual(['a']);
  expect(closedCount()).toBe(0);
  expect(await frame()).toBeUndefined();
  expect(closedCount()).toBe(1);
});

test('an end with an error rejects', async () => {
  const { outbox, closedCount } = world();
  const next = outbox.next();
  const error = new AppError({ code: 'UNAVAILABLE', reason: 'GONE', message: 'it is gone' });
  outbox.end(error);
  await expect(next).rejects.toBe(error);
  expect(closedCount()).toBe(1);
});

test('a client that is gone leaves nothing behind', async () => {
  const { outbox, taken, closedCount } = world();
  outbox.put('abc');
  expect(await outbox.return()).toEqual({ done: true, value: undefined });
  await outbox.return();
  expect([outbox.bytes, outbox.put('d'), closedCount()]).toEqual([0, 0, 1]);
  expect(taken).toEqual([3, 0]);
});
