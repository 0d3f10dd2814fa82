import { expect, test } from 'vitest';

import { createSessionLoad } from './session-load.ts';

const nothing = () => undefined;
const requests = (count: number) => ({ requests: count, bytes: 0 });

test('a credential has at most 64 sessions, and the process 2,048', () => {
  const load = createSessionLoad();
  for (let count = 0; count < 2_048; count += 1) load.open(`k${Math.floor(count / 64)}`, nothing);
  expect(() => load.open('k0', nothing)).toThrow('the gateway has 2048 sessions');
  const other = createSessionLoad();
  for (let count = 0; count < 64; count += 1) other.open('k', nothing);
  expect(() => other.open('k', nothing)).toThrow('the API key has 64 sessions');
});

test('a credential has at most 1,024 requests worked on, and all sessions 1,536', () => {
  const load = createSessionLoad();
  const [first, second, third] = ['a', 'b', 'c'].map((credentialId) => load.open(credentialId, nothing));
  first?.begin(requests(1_023));
  expect(first?.isFull).toBe(false);
  first?.begin(requests(1));
  expect([first?.isFull, second?.isFull]).toEqual([true, false]);
  second?.begin(requests(511));
  expect(third?.isFull).toBe(false);
  second?.begin(requests(1));
  expect(third?.isFull).toBe(true);
});
