import { stemmer } from 'stemmer';

/** How many words are remembered: the active vocabulary of a large collection, about 3 MB. */
export const REMEMBERED_WORDS_MAX = 20_000;

/** Returns the stem of a lower-case English word. */
export type Stem = (word: string) => string;

/**
 * Creates a Porter stemmer that remembers words. Stemming is most of the work of indexing, and most words of a text were
 * in the one before. When it is full it forgets everything: the frequent words are back at once.
 */
export function createStem(): Stem {
  const stems = new Map<string, string>();
  return (word) => {
    const known = stems.get(word);
    if (known !== undefined) return known;
    const stem = stemmer(word);
    if (stems.size >= REMEMBERED_WORDS_MAX) stems.clear();
    stems.set(word, stem);
    return stem;
  };
}
