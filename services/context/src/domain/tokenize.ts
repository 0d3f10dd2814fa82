import { stemmer } from 'stemmer';

import type { Stem } from './create-stem.ts';
import { stopWords } from './stop-words.ts';

/** The most characters of a term; a longer one is cut, so that it fits into a row of the index. */
export const TERM_CHARACTERS_MAX = 64;

/** Writing without spaces between words: one character is about one word, two make a term. */
const UNSPACED = ['Han', 'Hiragana', 'Katakana', 'Thai', 'Lao', 'Khmer', 'Myanmar']
  .map((script) => `\\p{Script_Extensions=${script}}`)
  .join('');
const LETTERS = '\\p{L}\\p{N}\\p{M}';
const unspacedRun = new RegExp(`([[${UNSPACED}]&&[${LETTERS}]]+)`, 'v');
const token = new RegExp(`[[${UNSPACED}]&&[${LETTERS}]]|[[${LETTERS}]--[${UNSPACED}]]+`, 'gv');

/** Letters and digits, joined where an identifier, a number or a contraction would be: `max_size`, `1.2.3`, `don't`. */
const word = /[\p{L}\p{N}\p{M}]+(?:['’._][\p{L}\p{N}\p{M}]+)*/gu;
const humps = /(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u;
const clitic = /'(?:s|ll|re|ve|d|m)$/;
// Most words are plain, and asking first whether they are makes tokenizing twice as fast.
const plainAscii = /^[a-z]+$/;
const isAscii = /^[\x20-\x7e]+$/;

/**
 * Returns the terms a text is found by, in order and with repetitions: Unicode NFKC, lower case, without stop words,
 * English words stemmed (Porter). An identifier gives its parts and itself, so that `getUserName` is found by `user` and by
 * `getusername`; writing without spaces gives its pairs of characters. Never throws. `stem` is the stemmer or one that remembers.
 */
export function tokenize(text: string, stem: Stem = stemmer): string[] {
  const terms: string[] = [];
  const addTerm: AddTerm = (lowerCased) => {
    const term = toTerm(lowerCased);
    if (term !== undefined) terms.push(plainAscii.test(term) ? stem(term) : term);
  };
  for (const [match] of text.normalize('NFKC').matchAll(word)) addWord(match, addTerm);
  return terms;
}

/** Returns how long a text is in tokens: words, or characters where words are not spaced. Stop words count. */
export function countTokens(text: string): number {
  token.lastIndex = 0;
  let count = 0;
  while (token.test(text)) count += 1;
  return count;
}

type AddTerm = (lowerCased: string) => void;

function addWord(match: string, addTerm: AddTerm): void {
  if (plainAscii.test(match)) return addTerm(match);
  const parts = match.split(/[._]/).flatMap((part) => part.split(humps));
  for (const part of parts) addPart(part, addTerm);
  if (parts.length > 1) addTerm(match.toLowerCase());
}

function addPart(part: string, addTerm: AddTerm): void {
  if (isAscii.test(part)) return addTerm(part.toLowerCase());
  for (const run of part.split(unspacedRun)) {
    if (unspacedRun.test(run)) addPairs(run, addTerm);
    else addTerm(run.toLowerCase());
  }
}

function addPairs(run: string, addTerm: AddTerm): void {
  const characters = Array.from(run);
  if (characters.length === 1) addTerm(run);
  for (const [index, character] of characters.entries()) {
    const next = characters[index + 1];
    if (next !== undefined) addTerm(character + next);
  }
}

/** Returns the term of a word, still unstemmed; undefined for a stop word. */
function toTerm(lowerCased: string): string | undefined {
  const spelled = lowerCased.replaceAll('’', "'");
  if (stopWords.has(spelled)) return undefined;
  const bare = spelled.includes("'") ? spelled.replace(clitic, '').replaceAll("'", '') : spelled;
  if (bare === '' || stopWords.has(bare)) return undefined;
  return bare.length > TERM_CHARACTERS_MAX ? bare.slice(0, TERM_CHARACTERS_MAX).toWellFormed() : bare;
}
