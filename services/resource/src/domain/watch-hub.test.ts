import { AppError } from '@gantry/errors';
import { expect, test } from 'vitest';

import type { Seen, WatchedSource } from './poll.ts';
import { createWatchHub } from './watch-hub.ts';

/** A source whose looks the test answers one by one. */
function scriptedSource() {
  const turns: PromiseWithResolvers<void>[] = [];
  let answer: () => Seen | undefined = () => undefined;
  let looks = 0;
  let isEnded = false;
  const source: WatchedSource = {
    look: async () => {
      looks += 1;
      return answer();
    },
    wait: async (signal) => {
      const turn = Promise.withResolvers<void>();
      turns.push(turn);
      signal.addEventListener('abort', () => {
        isEnded = true;
        turn.reject(signal.reason);
      });
      await turn.promise;
    },
    isTransient: (error) => error instanceof AppError && error.code === 'UNAVAILABLE',
  };
  return {
    source,
    looks: () => looks,
    isEnded: () => isEnded,
    show: (version: string) => (answer = () => ({ version, canonicalUri: 'file:///a' })),
    fail: (error: Error) =>
      (answer = () => {
        throw error;
      }),
    /** Lets the poll look once more and waits until it has. */
    async turn() {
      await expect.poll(() => turns.length).toBeGreaterThan(0);
      const before = looks;
      turns.shift()?.resolve();
      await expect.poll(() => looks).toBeGreaterThan(before);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

const down = new AppError({ code: 'UNAVAILABLE', reason: 'UPSTREAM_UNAVAILABLE', message: 'down' });
const gone = new AppError({ code: 'NOT_FOUND', reason: 'RESOURCE_NOT_FOUND', message: 'gone' });

test('a watch begins with the present version and goes on with each that differs', async () => {
  const script = scriptedSource();
  script.show('1');
  const ending = new AbortController();
  const watch = createWatchHub().watch('a', script.source, ending.signal);
  expect(await watch.next()).toMatchObject({ value: { version: '1' } });
  const second = watch.next();
  await script.turn();
  script.show('2');
  await script.turn();
  expect(await second).toMatchObject({ value: { version: '2' } });
  ending.abort(new Error('left'));
  await expect(watch.next()).rejects.toThrow('left');
});

test('watches of one key share a poll, which ends with the last of them', async () => {
  const script = scriptedSource();
  script.show('1');
  const hub = createWatchHub();
  const [one, two] = [new AbortController(), new AbortController()];
  const first = hub.watch('a', script.source, one.signal);
  await first.next();
  const second = hub.watch('a', script.source, two.signal);
  expect(await second.next()).toMatchObject({ value: { version: '1' } });
  expect([hub.watchCount, hub.pollCount, script.looks()]).toEqual([2, 1, 1]);
  await first.return(undefined as never);
  expect([hub.watchCount, hub.pollCount, script.isEnded()]).toEqual([1, 1, false]);
  await second.return(undefined as never);
  expect([hub.watchCount, hub.pollCount, script.isEnded()]).toEqual([0, 0, true]);
});

test('a watcher that reads slowly gets the newest version only', async () => {
  const script = scriptedSource();
  script.show('1');
  const watch = createWatchHub().watch('a', script.source, new AbortController().signal);
  await watch.next();
  for (const version of ['2', '3', '4']) {
    script.show(version);
    await script.turn();
  }
  expect(await watch.next()).toMatchObject({ value: { version: '4' } });
});

test('a watch ends when the resource goes, and a later one begins anew', async () => {
  const script = scriptedSource();
  script.show('1');
  const hub = createWatchHub();
  const watch = hub.watch('a', script.source, new AbortController().signal);
  await watch.next();
  script.fail(gone);
  await script.turn();
  await expect(watch.next()).rejects.toBe(gone);
  expect([hub.watchCount, hub.pollCount]).toEqual([0, 0]);
  script.show('2');
  expect(await hub.watch('a', script.source, new AbortController().signal).next()).toMatchObject({
    value: { version: '2' },
  });
});

test('a source that is down at first ends the watch; one that fails later gets five more chances', async () => {
  const script = scriptedSource();
  script.fail(down);
  const hub = createWatchHub();
  await expect(hub.watch('a', script.source, new AbortController().signal).next()).rejects.toBe(down);
  script.show('1');
  const watch = hub.watch('a', script.source, new AbortController().signal);
  await watch.next();
  script.fail(down);
  for (let failure = 0; failure < 5; failure += 1) await script.turn();
  script.show('2');
  await script.turn();
  expect(await watch.next()).toMatchObject({ value: { version: '2' } });
  script.fail(down);
  for (let failure = 0; failure < 6; failure += 1) await script.turn();
  await expect(watch.next()).rejects.toBe(down);
});

test('watches are counted up to the limit and not beyond', async () => {
  const hub = createWatchHub({ watchesMax: 2 });
  const script = scriptedSource();
  script.show('1');
  const watches = [1, 2].map((key) => hub.watch(String(key), script.source, new AbortController().signal));
  for (const watch of watches) await watch.next();
  const third = hub.watch('3', script.source, new AbortController().signal);
  await expect(third.next()).rejects.toMatchObject({ reason: 'WATCH_LIMIT_REACHED', code: 'RESOURCE_EXHAUSTED' });
  await watches[0]?.return(undefined as never);
  expect(await hub.watch('3', script.source, new AbortController().signal).next()).toMatchObject({
    value: { version: '1' },
  });
});

test('a watch whose signal has aborted already does not begin', async () => {
  const script = scriptedSource();
  const hub = createWatchHub();
  await expect(hub.watch('a', script.source, AbortSignal.abort(new Error('left'))).next()).rejects.toThrow('left');
  expect([hub.watchCount, hub.pollCount]).toEqual([0, 0]);
});
