import { describe, expect, test } from 'vitest';

import { createReadiness, scopeReadiness } from './readiness.ts';

function manualClock() {
  let nowMs = 0;
  return { now: () => nowMs, advance: (ms: number) => (nowMs += ms) };
}

/** Rejects when the signal aborts, as a driver does that honours it. */
function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

describe('phases', () => {
  test('a process is not ready before it has started', async () => {
    const readiness = createReadiness();
    expect(await readiness.report()).toEqual({ status: 'starting', isReady: false, checks: {} });
    readiness.markStarted();
    expect(await readiness.report()).toEqual({ status: 'ready', isReady: true, checks: {} });
  });

  test('a draining process is not ready, and starting late does not change that', async () => {
    const readiness = createReadiness();
    readiness.markDraining();
    readiness.markStarted();
    expect(await readiness.report()).toMatchObject({ status: 'draining', isReady: false });
  });

  test('draining shows at once, although the checks are cached', async () => {
    const readiness = createReadiness({ clock: manualClock() });
    readiness.markStarted();
    expect((await readiness.report()).isReady).toBe(true);
    readiness.markDraining();
    expect((await readiness.report()).isReady).toBe(false);
  });
});

describe('checks', () => {
  test('a failing critical check makes the process unready and says why', async () => {
    const readiness = createReadiness();
    readiness.markStarted();
    readiness.addCheck('postgres', async () => {
      throw new Error('connection refused');
    });
    expect(await readiness.report()).toMatchObject({
      status: 'unready',
      isReady: false,
      checks: { postgres: { status: 'failed', error: 'connection refused' } },
    });
  });

  test('a failing check that is not critical leaves the process ready but degraded', async () => {
    const readiness = createReadiness();
    readiness.markStarted();
    readiness.addCheck('redis', () => Promise.reject(new Error('gone')), { critical: false });
    expect(await readiness.report()).toMatchObject({
      status: 'degraded',
      isReady: true,
      checks: { redis: { status: 'degraded' } },
    });
  });

  test('a check that throws before its first await is a failed check', async () => {
    const readiness = createReadiness();
    readiness.markStarted();
    readiness.addCheck('sudden', () => {
      throw new Error('thrown');
    });
    expect(await readiness.report()).toMatchObject({ checks: { sudden: { status: 'failed', error: 'thrown' } } });
  });

  test('a check without an answer fails when its time is over, and its signal aborts', async () => {
    const readiness = createReadiness({ checkTimeoutMs: 1 });
    readiness.markStarted();
    let isAborted = false;
    readiness.addCheck('slow', async (signal) => untilAborted(signal).finally(() => (isAborted = signal.aborted)));
    expect(await readiness.report()).toMatchObject({
      checks: { slow: { status: 'failed', error: 'no answer within 1 ms' } },
    });
    await expect.poll(() => isAborted).toBe(true);
  });

  test('a check that ignores its signal is not started again while it hangs', async () => {
    const clock = manualClock();
    const readiness = createReadiness({ checkTimeoutMs: 1, clock });
    let runs = 0;
    readiness.addCheck('stuck', () => new Promise(() => (runs += 1)));
    await readiness.report();
    clock.advance(500);
    expect(await readiness.report()).toMatchObject({
      checks: { stuck: { error: expect.stringContaining('has not ended') } },
    });
    expect(runs).toBe(1);
  });

  test('probes within half a second share one run, at the same moment and after it', async () => {
    const clock = manualClock();
    const readiness = createReadiness({ clock });
    let runs = 0;
    readiness.addCheck('postgres', async () => void (runs += 1));
    await Promise.all([readiness.report(), readiness.report()]);
    clock.advance(499);
    await readiness.report();
    expect(runs).toBe(1);
    clock.advance(1);
    await readiness.report();
    expect(runs).toBe(2);
  });

  test('a scope puts its name before the check', async () => {
    const readiness = createReadiness();
    scopeReadiness(readiness, 'tool').addCheck('postgres', async () => {});
    expect((await readiness.report()).checks).toHaveProperty(['tool.postgres']);
  });

  test('a name can be taken once, and there are 64 checks at most', () => {
    const readiness = createReadiness();
    const add = (name: string) => readiness.addCheck(name, async () => {});
    for (let index = 0; index < 64; index += 1) add(`check-${index}`);
    expect(() => add('check-0')).toThrow('exists already');
    expect(() => add('check-64')).toThrow('more than 64');
  });
});
