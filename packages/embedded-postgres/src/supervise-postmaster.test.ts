import { describe, expect, test } from 'vitest';

import type { Postmaster } from './postmaster.ts';
import { type SupervisionOptions, supervisePostmaster } from './supervise-postmaster.ts';

interface FakePostmaster extends Postmaster {
  readonly isStopped: boolean;
  readonly interrupts: number;
  die(how?: string): void;
}

function fakePostmaster(pid: number): FakePostmaster {
  const end = Promise.withResolvers<string>();
  let isStopped = false;
  let interrupts = 0;
  return {
    pid,
    ended: end.promise,
    get isStopped() {
      return isStopped;
    },
    get interrupts() {
      return interrupts;
    },
    interrupt: () => void (interrupts += 1),
    async stop() {
      isStopped = true;
      end.resolve('exit code 0');
    },
    die: (how = 'signal SIGKILL') => end.resolve(how),
  };
}

/** A supervision of postmasters with the process ids 1, 2, 3…, on a clock that stands still. */
function startWorld(overrides: Partial<SupervisionOptions> = {}) {
  const started = [fakePostmaster(1)];
  const lines: string[] = [];
  const clock = { nowMs: 0, now: () => clock.nowMs };
  let orphanHunts = 0;
  const [first = fakePostmaster(0)] = started;
  const supervision = supervisePostmaster({
    postmaster: first,
    async launch() {
      const next = fakePostmaster(started.length + 1);
      started.push(next);
      return next;
    },
    endOrphans: async () => void (orphanHunts += 1),
    log: (line) => lines.push(line),
    clock,
    retryDelayMs: 0,
    ...overrides,
  });
  return {
    supervision,
    started,
    lines,
    clock,
    orphanHunts: () => orphanHunts,
    /** Kills the one that runs and waits for the next one. */
    async kill() {
      const { pid } = supervision;
      started.at(-1)?.die();
      await expect.poll(() => supervision.pid).toBe(pid + 1);
    },
  };
}

const isPending = (promise: Promise<unknown>) => Promise.race([promise.then(() => false), Promise.resolve(true)]);

describe('a supervised postmaster', () => {
  test('is started again when it dies, without what the dead one left', async () => {
    const world = startWorld();
    await world.kill();
    expect(world.lines).toEqual(['Postgres ended unexpectedly (signal SIGKILL)', 'Postgres runs again (process 2)']);
    expect(world.orphanHunts()).toBe(1);
    await world.supervision.stop();
    expect(world.started.map(({ isStopped }) => isStopped)).toEqual([false, true]);
    expect(world.lines).toHaveLength(2);
  });

  test('is started again five times within a minute, then it is lost', async () => {
    const world = startWorld();
    for (let restart = 0; restart < 5; restart += 1) await world.kill();
    world.clock.nowMs = 59_999;
    expect(await isPending(world.supervision.lost)).toBe(true);
    world.started.at(-1)?.die('exit code 1');
    expect(await world.supervision.lost).toMatchObject({
      reason: 'LOST',
      message:
        'Postgres ended and 5 restarts within 60 s did not help: exit code 1; look at its log for the cause, then start again',
    });
    expect(world.started).toHaveLength(6);
    await world.supervision.stop();
    expect(world.orphanHunts()).toBe(6);
  });

  test('may die again once a minute has passed', async () => {
    const world = startWorld();
    for (let restart = 0; restart < 5; restart += 1) await world.kill();
    world.clock.nowMs = 60_000;
    await world.kill();
    expect(world.started).toHaveLength(7);
    expect(await isPending(world.supervision.lost)).toBe(true);
    await world.supervision.stop();
  });

  test.each<[string, SupervisionOptions['launch']]>([
    ['its port is taken by another program', async () => undefined],
    ['the disk is full', () => Promise.reject(new Error('the disk is full'))],
  ])('is lost after five starts that failed: %s', async (problem, launch) => {
    const world = startWorld({ launch });
    world.started[0]?.die();
    expect((await world.supervision.lost).message).toContain(`5 restarts within 60 s did not help: ${problem};`);
    const failures = world.lines.filter((line) => line === `Postgres could not be started again: ${problem}`);
    expect(failures).toHaveLength(5);
    await world.supervision.stop();
  });

  test('is told to stop only while it runs', async () => {
    const world = startWorld({ launch: () => new Promise(() => undefined) });
    world.supervision.interrupt();
    expect(world.started[0]?.interrupts).toBe(1);
    world.started[0]?.die();
    await expect.poll(() => world.lines).toHaveLength(1);
    world.supervision.interrupt();
    expect(world.started[0]?.interrupts).toBe(1);
  });
});

describe('a stop', () => {
  test('is no death', async () => {
    const world = startWorld();
    await world.supervision.stop();
    expect(world.started).toHaveLength(1);
    expect(world.lines).toEqual([]);
  });

  test('gives up a restart that has begun, and ends what is left', async () => {
    const begun = Promise.withResolvers<void>();
    const world = startWorld({
      launch: (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
          begun.resolve();
        }),
    });
    world.started[0]?.die();
    await begun.promise;
    await world.supervision.stop();
    expect(world.orphanHunts()).toBe(2);
    expect(world.lines).toEqual(['Postgres ended unexpectedly (signal SIGKILL)']);
    expect(await isPending(world.supervision.lost)).toBe(true);
  });

  test('stops the one that was just started when it was too late to give up', async () => {
    const begun = Promise.withResolvers<void>();
    const late = Promise.withResolvers<Postmaster>();
    const world = startWorld({
      launch() {
        begun.resolve();
        return late.promise;
      },
    });
    world.started[0]?.die();
    await begun.promise;
    const stopped = world.supervision.stop();
    const next = fakePostmaster(2);
    late.resolve(next);
    await stopped;
    expect(next.isStopped).toBe(true);
  });

  test('does not wait for the next try', async () => {
    const world = startWorld({ launch: async () => undefined, retryDelayMs: 3_600_000 });
    world.started[0]?.die();
    await expect.poll(() => world.lines).toHaveLength(2);
    await world.supervision.stop();
  });
});
