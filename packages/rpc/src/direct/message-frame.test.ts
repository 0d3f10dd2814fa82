import fc from 'fast-check';
import { expect, test, vi } from 'vitest';

import { MessageFrame, toFrame } from './message-frame.ts';

test('a message is whole however it comes', () => {
  const cuts = fc.array(fc.nat(40), { maxLength: 8 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), cuts, (message, at) => {
      const bytes = toFrame(Buffer.from(message));
      const frame = new MessageFrame();
      let from = 0;
      for (const to of [...at, bytes.length].toSorted((a, b) => a - b)) {
        expect(frame.take(bytes.subarray(from, to))).toBeUndefined();
        from = Math.max(from, Math.min(to, bytes.length));
        expect(frame.message === undefined).toBe(from < bytes.length);
      }
      expect(frame.message).toEqual(Buffer.from(message));
    }),
  );
});

test('a message that comes byte by byte takes no more than twice its length', () => {
  const frame = new MessageFrame();
  const bytes = toFrame(Buffer.alloc(100_000, 'x'));
  // Only what a Buffer of its own takes is counted: most allocations are those.
  const allocate = vi.spyOn(Buffer, 'allocUnsafe');
  for (const byte of bytes) frame.take(Buffer.of(byte));
  expect(allocate.mock.calls.every(([length]) => length <= 2 * bytes.length)).toBe(true);
  expect(allocate.mock.calls.length).toBeLessThan(20);
  expect(frame.message).toEqual(Buffer.alloc(100_000, 'x'));
  allocate.mockRestore();
});

test('whatever comes after a message is one too many', () => {
  const frame = new MessageFrame();
  expect(frame.take(toFrame(Buffer.from('message')))).toBeUndefined();
  expect(frame.take(Buffer.from([0]))).toMatchObject({ details: expect.stringContaining('second') });
});
