import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A test collection: documents, questions, and which document is relevant to which question. */
export interface Collection {
  readonly documents: readonly CollectionDocument[];
  readonly questions: readonly { readonly id: string; readonly text: string }[];
  readonly relevantByQuestion: ReadonlyMap<string, ReadonlySet<string>>;
}

/** A line of documents.jsonl; what else it has goes along as metadata. */
export interface CollectionDocument {
  readonly id: string;
  readonly title?: string;
  readonly text: string;
  readonly [field: string]: unknown;
}

const FILES = ['documents.jsonl', 'queries.jsonl', 'qrels.tsv'];

/** Returns the files of a collection that a folder lacks. */
export function missingFiles(folder: string): string[] {
  return FILES.filter((name) => !existsSync(join(folder, name)));
}

/** Reads a collection out of its folder. */
export function readCollection(folder: string): Collection {
  const linesOf = (name: string) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  const relevantByQuestion = new Map<string, Set<string>>();
  for (const line of linesOf('qrels.tsv').slice(1)) {
    const [question = '', document = '', relevance = ''] = line.trim().split('\t');
    if (Number(relevance) <= 0) continue;
    const relevant = relevantByQuestion.get(question) ?? new Set();
    relevantByQuestion.set(question, relevant.add(document));
  }
  return {
    // The files are JSON Lines of these shapes: the collection's own format.
    documents: linesOf('documents.jsonl').map((line) => JSON.parse(line) as CollectionDocument),
    questions: linesOf('queries.jsonl').map((line) => JSON.parse(line) as Collection['questions'][number]),
    relevantByQuestion,
  };
}
