import type { QuestionTerm, RankedPassages } from './passage.ts';
import type { DocumentStore } from './ports.ts';
import { tokenize } from './tokenize.ts';

/** The most different terms of a question that are looked up: a page of text has fewer, and each costs a look-up. */
export const QUESTION_TERMS_MAX = 128;

/** What is looked for. */
export interface PassageQuestion {
  readonly tenantId: string;
  readonly query: string;
  readonly sources: readonly string[];
  readonly onePerDocument: boolean;
  readonly limit: number;
  readonly offset: number;
}

/** Ranks passages against a question. A question of stop words alone finds nothing. */
export async function findPassages(
  store: Pick<DocumentStore, 'rank'>,
  { tenantId, query, ...request }: PassageQuestion,
  signal: AbortSignal,
): Promise<RankedPassages> {
  signal.throwIfAborted();
  const terms = questionTerms(query);
  if (terms.length === 0) return { total: 0, resultCount: 0, bestScore: 0, passages: [] };
  const ranked = await store.rank(tenantId, { ...request, terms });
  signal.throwIfAborted();
  return ranked;
}

/** Returns the terms of a question with their weights, in the order they appear, at most QUESTION_TERMS_MAX. */
export function questionTerms(query: string): QuestionTerm[] {
  const weightByTerm = new Map<string, number>();
  for (const term of tokenize(query)) weightByTerm.set(term, (weightByTerm.get(term) ?? 0) + 1);
  return Array.from(weightByTerm, ([term, weight]) => ({ term, weight })).slice(0, QUESTION_TERMS_MAX);
}

/** Returns how well a score fits, from 0 to 1: its share of the best score. */
export function relevanceOf(score: number, bestScore: number): number {
  return bestScore > 0 ? score / bestScore : 0;
}
