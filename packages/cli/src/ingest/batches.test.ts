import { expect, test } from 'vitest';

import { BYTES_MAX, DOCUMENTS_MAX, toBatches } from './batches.ts';
import type { ReadStep } from './document.ts';

function document(id: string, bytes: number): ReadStep {
  return { kind: 'document', where: id, bytes, document: { id, text: 'x', source: 's' } };
}

async function batchesOf(steps: readonly ReadStep[], failures: unknown[] = []) {
  const stream = async function* () {
    yield* steps;
  };
  return Array.fromAsync(toBatches(stream(), (failure) => failures.push(failure)));
}

test('a batch has as many documents as it may, and the rest goes into the next', async () => {
  const steps = Array.from({ length: DOCUMENTS_MAX + 1 }, (_, index) => document(String(index), 1));
  const batches = await batchesOf(steps);
  expect(batches.map((batch) => batch.length)).toEqual([DOCUMENTS_MAX, 1]);
  expect(batches.flatMap((batch) => batch.map(({ document: { id } }) => id))).toEqual(steps.map(({ where }) => where));
});

test('a batch has as many bytes as it may, and the rest goes into the next', async () => {
  const half = BYTES_MAX / 2;
  const batches = await batchesOf([document('a', half), document('b', half), document('c', 1)]);
  expect(batches.map((batch) => batch.map(({ where }) => where))).toEqual([['a', 'b'], ['c']]);
});

test('a document above the bytes of a batch goes alone', async () => {
  const batches = await batchesOf([document('a', 1), document('huge', BYTES_MAX * 2), document('b', 1)]);
  expect(batches.map((batch) => batch.map(({ where }) => where))).toEqual([['a'], ['huge'], ['b']]);
});

test('failures are handed over and leave no gap', async () => {
  const failure: ReadStep = { kind: 'failure', where: 'bad', error: 'is bad', bytes: 9 };
  const failures: unknown[] = [];
  const batches = await batchesOf([document('a', 1), failure, document('b', 1)], failures);
  expect(failures).toEqual([failure]);
  expect(batches.map((batch) => batch.map(({ where }) => where))).toEqual([['a', 'b']]);
});

test('nothing makes no batch', async () => {
  expect(await batchesOf([])).toEqual([]);
});
