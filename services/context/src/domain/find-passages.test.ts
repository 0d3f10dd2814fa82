import { expect, test } from 'vitest';

import { findPassages, QUESTION_TERMS_MAX, questionTerms, relevanceOf } from './find-passages.ts';

const nothing = { total: 0, resultCount: 0, bestScore: 0, passages: [] };
const question = { tenantId: 't', sources: [], onePerDocument: false, limit: 10, offset: 0 };

test('a question has each of its terms once, with how often it has it', () => {
  expect(questionTerms('Wings and wing flaps')).toEqual([
    { term: 'wing', weight: 2 },
    { term: 'flap', weight: 1 },
  ]);
});

test('a question with more terms than the most is cut', () => {
  const query = Array.from({ length: QUESTION_TERMS_MAX + 1 }, (_, index) => `w${index}`).join(' ');
  expect(questionTerms(query)).toHaveLength(QUESTION_TERMS_MAX);
});

test('a question of stop words finds nothing and does not ask the store', async () => {
  const store = { rank: () => Promise.reject(new Error('asked')) };
  const answer = await findPassages(store, { ...question, query: 'what is it?' }, new AbortController().signal);
  expect(answer).toEqual(nothing);
});

test('a call that is cancelled does not ask the store', async () => {
  const store = { rank: () => Promise.resolve(nothing) };
  await expect(findPassages(store, { ...question, query: 'wing' }, AbortSignal.abort())).rejects.toThrow();
});

test('relevance is the share of the best score', () => {
  expect(relevanceOf(2, 4)).toBe(0.5);
  expect(relevanceOf(0, 0)).toBe(0);
});
