/** How soon repeating a term stops helping; the value Okapi's authors recommend, and Lucene's default. */
export const BM25_K1 = 1.2;

/** How much long passages are held back, from 0 to 1; the same authors, and Lucene's default. */
export const BM25_B = 0.75;

/** The facts a score needs of the whole corpus. */
export interface Corpus {
  /** How many passages the tenant has. */
  readonly passageCount: number;
  /** How many tokens a passage has on average. */
  readonly averageLength: number;
}

/** A term of the question found in a passage. */
export interface TermMatch {
  /** How often the question has the term. */
  readonly weight: number;
  /** How many passages have the term. */
  readonly documentFrequency: number;
  /** How often the passage has it. */
  readonly termCount: number;
  /** How many tokens the passage has. */
  readonly passageLength: number;
}

/** Returns what one term adds to a passage's score, in the BM25 variant whose idf is never negative. */
export function bm25(match: TermMatch, corpus: Corpus): number {
  const { weight, documentFrequency: df, termCount, passageLength } = match;
  const idf = Math.log(1 + (corpus.passageCount - df + 0.5) / (df + 0.5));
  const norm = BM25_K1 * (1 - BM25_B + (BM25_B * passageLength) / corpus.averageLength);
  return (weight * idf * termCount * (BM25_K1 + 1)) / (termCount + norm);
}
