import fc from 'fast-check';
import { expect, test } from 'vitest';

import { sessionClosed } from './errors.ts';
import { InFlight } from './in-flight.ts';
import { PendingRequest } from './pending-request.ts';

const outcome = {
  resolve: () => undefined,
  reject: () => undefined,
  onGivenUp: () => undefined,
  timedOut: () => sessionClosed(),
};

const createRequest = () => new PendingRequest('m', '{}', { outcome, options: {} });

test('holds what a Map would, whatever comes and goes, and gives ids that rise', () => {
  // Which of those in flight is taken out, or that one is added.
  const step = fc.oneof(fc.nat({ max: 7 }), fc.constant('add' as const));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(step, { maxLength: 300, size: 'max' }), (max, steps) => {
      const inFlight = new InFlight(max);
      const expected = new Map<number, PendingRequest>();
      const ids: number[] = [];
      for (const which of steps) {
        if (which !== 'add') {
          const id = [...expected.keys()][which] ?? 0;
          expect(inFlight.take(id)).toBe(expected.get(id));
          expected.delete(id);
        } else if (expected.size < max) {
          const request = createRequest();
          inFlight.add(request);
          ids.push(request.id);
          expected.set(request.id, request);
        }
        expect(inFlight.size).toBe(expected.size);
      }
      expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
      for (const id of ids) expect(inFlight.get(id)).toBe(expected.get(id));
      expect([...inFlight]).toEqual([...expected.values()]);
      expect(inFlight.takeAll()).toEqual([...expected.values()]);
      expect(inFlight.size).toBe(0);
    }),
  );
});

test('an answer to a request that was given up is not taken for that of a later one in its place', () => {
  const inFlight = new InFlight(1);
  const [givenUp, next] = [createRequest(), createRequest()];
  inFlight.add(givenUp);
  inFlight.take(givenUp.id);
  for (let places = 0; places < 2; places += 1) {
    inFlight.add(next);
    expect(inFlight.take(givenUp.id)).toBeUndefined();
    expect(inFlight.take(next.id)).toBe(next);
  }
});

test.each([0, -1, 1.5, NaN, Infinity, 2 ** 53])('finds nothing for %d, which is no id of it', (id) => {
  const inFlight = new InFlight(4);
  inFlight.add(createRequest());
  expect(inFlight.take(id)).toBeUndefined();
  expect(inFlight.size).toBe(1);
});
