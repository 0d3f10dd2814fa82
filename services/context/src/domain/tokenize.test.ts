import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createStem, REMEMBERED_WORDS_MAX } from './create-stem.ts';
import { countTokens, TERM_CHARACTERS_MAX, tokenize } from './tokenize.ts';

describe('a text', () => {
  test.each([
    ['Running flies, caresses ponies', ['run', 'fli', 'caress', 'poni']],
    ['what is the of and', []],
    ["Don't stop; the plane's wing isn’t O'Neill's", ['stop', 'plane', 'wing', 'oneil']],
    ['ＨＴＴＰ ﬁle ①', ['http', 'file', '1']],
    ['ÜBER café Straße', ['über', 'café', 'straße']],
    ['', []],
    ['!!! … — ?', []],
  ])('%j has the terms %j', (text, terms) => expect(tokenize(text)).toEqual(terms));
});

describe('an identifier is found by its parts and by itself', () => {
  test.each([
    ['getUserName', ['get', 'user', 'name', 'getusernam']],
    ['HTTPServer', ['http', 'server', 'httpserver']],
    ['max_body_bytes', ['max', 'bodi', 'byte', 'max_body_bytes']],
    ['node.js', ['node', 'js', 'node.js']],
    ['1.2.3', ['1', '2', '3', '1.2.3']],
    ['x86-64', ['x86', '64']],
  ])('%s', (text, terms) => expect(tokenize(text)).toEqual(terms));
});

describe('writing without spaces', () => {
  test('gives pairs of characters', () => {
    expect(tokenize('東京タワー')).toEqual(['東京', '京タ', 'タワ', 'ワー']);
    expect(tokenize('犬')).toEqual(['犬']);
    expect(tokenize('Node東京')).toEqual(['node', '東京']);
  });

  test('counts a character as a token, and a word elsewhere', () => {
    expect(countTokens('東京 tower, is tall')).toBe(5);
  });
});

test('a long word is cut to a term that fits into the index', () => {
  expect(tokenize('x'.repeat(1_000_000))).toEqual(['x'.repeat(TERM_CHARACTERS_MAX)]);
  // The cut goes through the middle of a character.
  const [term = ''] = tokenize(`a${'𝒳𐐷'.repeat(100)}`);
  expect(term.isWellFormed()).toBe(true);
});

test('whatever the text is, every term fits into the index and into a list with spaces between', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ unit: 'grapheme', maxLength: 300 })),
      (text) => {
        for (const term of tokenize(text)) {
          expect(term).not.toMatch(/\s|\0/);
          expect(term.length).toBeGreaterThan(0);
          expect(term.length).toBeLessThanOrEqual(TERM_CHARACTERS_MAX);
        }
      },
    ),
  );
});

test('broken surrogates do not throw', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 200 }), (units) => {
      tokenize(String.fromCharCode(...units));
      countTokens(String.fromCharCode(...units));
    }),
  );
});

test('a query finds a word whatever its case and width', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]{3,20}$/), (word) => {
      const wide = word.replaceAll(/[a-z]/g, (letter) => String.fromCodePoint((letter.codePointAt(0) ?? 0) + 0xfee0));
      expect(tokenize(word.toUpperCase())).toEqual(tokenize(word));
      expect(tokenize(wide)).toEqual(tokenize(word));
    }),
  );
});

test('a stemmer that has forgotten its words stems them the same', () => {
  const stem = createStem();
  const before = stem('running');
  for (let index = 0; index <= REMEMBERED_WORDS_MAX; index += 1) stem(`word${index}`);
  expect(stem('running')).toBe(before);
  expect(tokenize('running relational', stem)).toEqual(tokenize('running relational'));
});
