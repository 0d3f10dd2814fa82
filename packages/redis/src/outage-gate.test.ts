import { expect, test } from 'vitest';

import { createOutageGate } from './outage-gate.ts';

function setUp() {
  const events: string[] = [];
  const clock = { nowMs: 1_000_000, now: () => clock.nowMs };
  const gate = createOutageGate({
    clock,
    onDown: (error) => events.push(`down ${String(error)}`),
    onUp: () => events.push('up'),
  });
  let calls = 0;
  const succeed = () => Promise.resolve((calls += 1));
  const fail = () => {
    calls += 1;
    return Promise.reject(new Error(`failure ${calls}`));
  };
  return { gate, clock, events, succeed, fail, callsTotal: () => calls };
}

test('a healthy dependency is always asked', async () => {
  const { gate, succeed } = setUp();

  expect(await gate.run(succeed)).toEqual({ ok: true, value: 1 });
  expect(await gate.run(succeed)).toEqual({ ok: true, value: 2 });
  expect(gate.isDown).toBe(false);
});

test('a failed dependency is left alone for a second and reported once', async () => {
  const { gate, clock, events, fail, callsTotal } = setUp();

  await gate.run(fail);
  clock.nowMs += 999;
  expect(await gate.run(fail)).toMatchObject({ ok: false });
  expect(callsTotal()).toBe(1);
  clock.nowMs += 1;
  await gate.run(fail);

  expect(callsTotal()).toBe(2);
  expect(events).toEqual(['down Error: failure 1']);
});

test('a probe runs alone, makes nobody wait, and its success ends the outage', async () => {
  const { gate, clock, events, fail, succeed, callsTotal } = setUp();
  await gate.run(fail);
  clock.nowMs += 1_000;
  const { promise, resolve } = Promise.withResolvers<number>();

  expect(await gate.run(() => promise)).toMatchObject({ ok: false });
  expect(await gate.run(succeed)).toMatchObject({ ok: false });
  expect(callsTotal()).toBe(1);
  resolve(0);
  await promise;
  await expect.poll(() => gate.isDown).toBe(false);

  expect(await gate.run(succeed)).toMatchObject({ ok: true });
  expect(events).toEqual(['down Error: failure 1', 'up']);
});

test('a failed probe waits for another second', async () => {
  const { gate, clock, fail, callsTotal } = setUp();
  await gate.run(fail);
  clock.nowMs += 1_000;
  await gate.run(fail);
  await expect.poll(callsTotal).toBe(2);

  await gate.run(fail);

  expect(callsTotal()).toBe(2);
});

test('what must be tried is tried even while the dependency is down', async () => {
  const { gate, fail, succeed } = setUp();
  await gate.run(fail);

  expect(await gate.insist(succeed)).toMatchObject({ ok: true });
  expect(gate.isDown).toBe(false);
});

test('a clock that is set back does not keep the gate shut', async () => {
  const { gate, clock, fail, succeed } = setUp();
  await gate.run(fail);
  clock.nowMs -= 3_600_000;

  await gate.run(succeed);

  await expect.poll(() => gate.isDown).toBe(false);
});
