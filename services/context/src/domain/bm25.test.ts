import { expect, test } from 'vitest';

import { bm25 } from './bm25.ts';

// Three passages of 2, 3 and 4 tokens.
const corpus = { passageCount: 3, averageLength: 3 };

test('a score is what the formula gives by hand', () => {
  // idf = ln(1 + (3 - 1 + 0.5) / (1 + 0.5)) = ln(2.6667) = 0.980829.
  // Length 3 is average: tf part = 1 * 2.2 / (1 + 1.2) = 1.
  const match = { weight: 1, documentFrequency: 1, termCount: 1, passageLength: 3 };
  expect(bm25(match, corpus)).toBeCloseTo(0.980829, 6);
});

test('a repeated term in a short passage', () => {
  // idf = ln(1 + 1.5 / 2.5) = 0.470004; norm = 1.2 * (0.25 + 0.75 * 2 / 3) = 0.9; tf = 2 * 2.2 / 2.9 = 1.517241.
  const match = { weight: 1, documentFrequency: 2, termCount: 2, passageLength: 2 };
  expect(bm25(match, corpus)).toBeCloseTo(0.470004 * 1.517241, 5);
});

test('a term that every passage has still counts, a little', () => {
  // ln(1 + 0.5 / 3.5) = 0.133531.
  expect(bm25({ weight: 1, documentFrequency: 3, termCount: 1, passageLength: 3 }, corpus)).toBeCloseTo(0.133531, 6);
});

test('a term that the question has twice counts twice', () => {
  const match = { documentFrequency: 1, termCount: 1, passageLength: 4 };
  expect(bm25({ ...match, weight: 2 }, corpus)).toBeCloseTo(2 * bm25({ ...match, weight: 1 }, corpus), 12);
});
