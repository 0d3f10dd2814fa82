import { expect, test } from 'vitest';

import { createFrameWindow, FRAME_BYTES_MAX, FRAMES_IN_FLIGHT_MAX } from './frame-window.ts';

const MIB = 1024 * 1024;

/** Begins frames until no more may be, and returns how many are in flight. */
function fill(window: ReturnType<typeof createFrameWindow>): number {
  while (!window.isFull) window.begin(1);
  return window.inFlight;
}

test('a connection begins with sixteen, for nobody knows what will be answered', () => {
  expect(fill(createFrameWindow())).toBe(16);
});

test('short answers open the window to all there are', () => {
  const window = createFrameWindow();
  fill(window);
  for (let answered = 0; answered < 4; answered += 1) window.end(1, 100);
  expect(fill(window)).toBe(FRAMES_IN_FLIGHT_MAX);
});

test('one long answer closes it to as many as are 16 MiB, and never to none', () => {
  const window = createFrameWindow();
  fill(window);
  window.end(1, 3 * MIB);
  expect(window.isFull).toBe(true);
  while (window.inFlight > 0) window.end(1, 3 * MIB);
  expect(fill(window)).toBe(5);
  while (window.inFlight > 0) window.end(1, 50 * MIB);
  expect(fill(window)).toBe(1);
});

test('long frames fill it too', () => {
  const window = createFrameWindow();
  window.begin(FRAME_BYTES_MAX - 1);
  expect(window.isFull).toBe(false);
  window.begin(1);
  expect(window.isFull).toBe(true);
  window.end(1, 0);
  expect(window.isFull).toBe(false);
});
