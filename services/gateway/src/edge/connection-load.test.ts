import { expect, test, vi } from 'vitest';

import { CREDENTIAL_BYTES_MAX, PROCESS_BYTES_MAX } from './connection-load.ts';
import { createSessionLoad } from './session-load.ts';

const nothing = () => undefined;
const one = { requests: 1, bytes: 0 };

test('sessions are counted by credential and in all', () => {
  const load = createSessionLoad({ sessionsMax: 3, credentialSessionsMax: 2 });
  const first = load.open('a', nothing);
  load.open('a', nothing);
  expect(() => load.open('a', nothing)).toThrow('the API key has 2 sessions');
  load.open('b', nothing);
  expect(() => load.open('b', nothing)).toThrow('the gateway has 3 sessions');
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  expect(load.connections).toBe(2);
  load.open('a', nothing);
});

test('a credential that is full waits, and others do not', async () => {
  const load = createSessionLoad({ credentialRequestsMax: 1 });
  const onRoom = vi.fn<() => void>();
  const full = load.open('a', onRoom);
  const other = load.open('b', nothing);
  full.begin(one);
  expect([full.isFull, other.isFull]).toEqual([true, false]);
  full.end(one);
  await vi.waitFor(() => expect(onRoom).toHaveBeenCalledTimes(1));
  expect(full.isFull).toBe(false);
});

test('a process that is full lets all wait, and wakes them in their order', async () => {
  const load = createSessionLoad({ processRequestsMax: 2 });
  const woken: string[] = [];
  const busy = load.open('a', nothing);
  busy.begin({ requests: 2, bytes: 10 });
  const waiting = ['b', 'c'].map((name) => load.open(name, () => woken.push(name)));
  expect(waiting.map(({ isFull }) => isFull)).toEqual([true, true]);
  busy.end({ requests: 1, bytes: 10 });
  await vi.waitFor(() => expect(woken).toEqual(['b', 'c']));
});

test.each([
  ['a credential', CREDENTIAL_BYTES_MAX, 'a'],
  ['the process', PROCESS_BYTES_MAX, 'b'],
])('the bytes of %s are limited', (_name, bytes, credentialId) => {
  const load = createSessionLoad();
  load.open('a', nothing).hold(bytes);
  expect(load.open(credentialId, nothing).isFull).toBe(true);
});

test('a session that ends lets go of its bytes, and of its requests as they end', () => {
  const load = createSessionLoad();
  const share = load.open('a', nothing);
  const request = { requests: 1, bytes: 100 };
  share.begin(request);
  share.hold(50);
  share[Symbol.dispose]();
  expect([load.connections, load.requests, load.bytes]).toEqual([0, 1, 0]);
  share.end(request);
  expect([load.requests, load.bytes]).toEqual([0, 0]);
});
