import { expect, test } from 'vitest';

import { KeyMarks, MARKS_MAX } from './key-marks.ts';

test('a mark holds until its time', () => {
  const marks = new KeyMarks();
  marks.mark('k', 100, 0);

  expect(marks.has('k', 99)).toBe(true);
  expect(marks.has('k', 100)).toBe(false);
  expect(marks.has('other', 0)).toBe(false);
});

test('only the present mark can be lifted', () => {
  const marks = new KeyMarks();
  const older = marks.mark('k', 100, 0);
  const newer = marks.mark('k', 100, 0);

  marks.lift('k', older);
  expect(marks.has('k', 0)).toBe(true);
  marks.lift('k', newer);
  expect(marks.has('k', 0)).toBe(false);
});

test('when there is no room for another mark all keys are marked, until the latest of the marks', () => {
  const marks = new KeyMarks();
  marks.mark('longest', 500, 0);
  for (let index = 1; index < MARKS_MAX; index += 1) {
    marks.mark(`k${index}`, 100, 0);
  }
  expect(marks.has('never marked', 0)).toBe(false);

  marks.mark('one more', 200, 0);

  expect(marks.has('never marked', 499)).toBe(true);
  expect(marks.has('never marked', 500)).toBe(false);
});

test('marks whose time is over make room', () => {
  const marks = new KeyMarks();
  for (let index = 0; index < MARKS_MAX; index += 1) {
    marks.mark(`k${index}`, 100, 0);
  }

  marks.mark('one more', 300, 200);

  expect(marks.has('never marked', 200)).toBe(false);
  expect(marks.has('one more', 200)).toBe(true);
});
