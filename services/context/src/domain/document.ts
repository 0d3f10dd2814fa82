import type { TextFormat } from './chunk-text.ts';

/** The source of a document that names none. */
export const DEFAULT_SOURCE = 'default';

/** The type of a document that names none. */
export const DEFAULT_TYPE = 'document';

/** A document as a caller hands it in, defaults filled in. */
export interface Document {
  readonly source: string;
  readonly documentId: string;
  readonly title: string;
  readonly text: string;
  readonly format: TextFormat;
  readonly type: string;
  readonly sourceUrl: string;
  /** When it was written, in epoch milliseconds; undefined means when it is stored. */
  readonly writtenAtMs: number | undefined;
  /** A JSON object. */
  readonly metadataJson: string;
}

/** Names a document within its tenant. */
export interface DocumentKey {
  readonly source: string;
  readonly documentId: string;
}

/** A part of a document as the index holds it. */
export interface IndexedPassage {
  /** Stable while the document does not change. */
  readonly passageId: string;
  /** The passage as it is shown: under its headings when it does not start with one. */
  readonly content: string;
  /** How many terms it is found by, repetitions included: its length in BM25. */
  readonly tokenCount: number;
  /** The terms, each once, sorted. */
  readonly terms: readonly string[];
  /** How often the passage has each of the terms. */
  readonly termCounts: readonly number[];
}

/** A document ready to be stored. */
export interface IndexedDocument extends DocumentKey {
  readonly title: string;
  readonly type: string;
  readonly sourceUrl: string;
  readonly writtenAtMs: number;
  readonly metadataJson: string;
  readonly textBytes: number;
  /** The same for the same document, another one after any change. */
  readonly fingerprint: string;
  readonly passages: readonly IndexedPassage[];
}

/** A document without its text. */
export interface DocumentSummary extends DocumentKey {
  readonly title: string;
  readonly sourceUrl: string;
  readonly writtenAtMs: number;
  readonly updatedAtMs: number;
  readonly textBytes: number;
  readonly passageCount: number;
}

/** What became of one document. */
export type UpsertResult =
  | { readonly outcome: 'created' | 'updated' | 'unchanged'; readonly passageCount: number }
  | { readonly outcome: 'refused'; readonly error: string };

/** A source and what it holds. */
export interface SourceSummary {
  readonly name: string;
  readonly documentCount: number;
  readonly passageCount: number;
  readonly updatedAtMs: number;
}
