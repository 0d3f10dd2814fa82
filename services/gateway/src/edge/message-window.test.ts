import { expect, test } from 'vitest';

import {
  createMessageWindow,
  MESSAGE_BYTES_IN_FLIGHT_MAX,
  type MessageWindow,
  WEBSOCKET_MESSAGES_IN_FLIGHT_MAX,
} from './message-window.ts';

const MIB = 1024 * 1024;
const SMALL = { bytes: 1, requests: 1 };

/** Begins messages until no more may be, and returns how many are in flight. */
function fill(window: MessageWindow): number {
  while (!window.isFull) window.begin(SMALL);
  return window.inFlight;
}

test('a connection begins with sixteen, for nobody knows what will be answered', () => {
  expect(fill(createMessageWindow(WEBSOCKET_MESSAGES_IN_FLIGHT_MAX))).toBe(16);
});

test('short answers open the window to all there are', () => {
  const window = createMessageWindow(WEBSOCKET_MESSAGES_IN_FLIGHT_MAX);
  fill(window);
  for (let answered = 0; answered < 4; answered += 1) window.end(SMALL, 100);
  expect(fill(window)).toBe(WEBSOCKET_MESSAGES_IN_FLIGHT_MAX);
});

test('one long answer closes it to as many as are 16 MiB, and never to none', () => {
  const window = createMessageWindow(WEBSOCKET_MESSAGES_IN_FLIGHT_MAX);
  fill(window);
  window.end(SMALL, 3 * MIB);
  expect(window.isFull).toBe(true);
  while (window.inFlight > 0) window.end(SMALL, 3 * MIB);
  expect(fill(window)).toBe(5);
  while (window.inFlight > 0) window.end(SMALL, 50 * MIB);
  expect(fill(window)).toBe(1);
});

test('long messages fill it too', () => {
  const window = createMessageWindow(WEBSOCKET_MESSAGES_IN_FLIGHT_MAX);
  window.begin({ bytes: MESSAGE_BYTES_IN_FLIGHT_MAX - 1, requests: 1 });
  expect(window.isFull).toBe(false);
  window.begin(SMALL);
  expect(window.isFull).toBe(true);
  window.end(SMALL, 0);
  expect(window.isFull).toBe(false);
});

test('a batch counts as what it holds: another one waits for it', () => {
  const window = createMessageWindow(WEBSOCKET_MESSAGES_IN_FLIGHT_MAX);
  const batch = { bytes: 1, requests: 100 };
  window.begin(batch);
  expect([window.inFlight, window.isFull]).toEqual([1, true]);
  window.end(batch, 100 * 100);
  expect(window.isFull).toBe(false);
  // Its answers were short ones, a hundred bytes each: the next may be many again.
  expect(fill(window)).toBeGreaterThan(16);
});
