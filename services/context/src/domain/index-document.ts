import { chunkText, type TextChunk } from './chunk-text.ts';
import type { Stem } from './create-stem.ts';
import type { Document, IndexedDocument, IndexedPassage } from './document.ts';
import { tokenize } from './tokenize.ts';

/**
 * Part of every fingerprint. Raise it when chunking or tokenizing changes, so that a document that is ingested again is
 * indexed again although its text is the same.
 */
const INDEX_VERSION = 1;

const HEADING_SEPARATOR = ' › ';

/** What indexing needs from outside. */
export interface IndexDeps {
  /** A collision-resistant hash of the parts, in URL-safe characters. */
  readonly hash: (...parts: readonly string[]) => string;
  readonly stem: Stem;
  /** Lets other work run; called between passages, because a text of 2 MiB takes a second. */
  readonly pause: () => Promise<void>;
}

/** Returns what tells a document from any other version of it. */
export function fingerprintOf(document: Document, hash: IndexDeps['hash']): string {
  const { title, text, format, type, sourceUrl, writtenAtMs, metadataJson } = document;
  return hash(String(INDEX_VERSION), title, text, format, type, sourceUrl, String(writtenAtMs), metadataJson);
}

/** Cuts a document into passages and finds the terms of each; title and headings count as part of every passage. */
export async function indexDocument(document: Document, nowMs: number, deps: IndexDeps): Promise<IndexedDocument> {
  const { source, documentId, title, type, sourceUrl, text, metadataJson, writtenAtMs = nowMs } = document;
  const fingerprint = fingerprintOf(document, deps.hash);
  const titleTerms = tokenize(title, deps.stem);
  const passages: IndexedPassage[] = [];
  for (const chunk of chunkText(text, document.format)) {
    const passageId = deps.hash(source, documentId, String(passages.length), fingerprint);
    const content = contentOf(chunk);
    passages.push({ passageId, content, ...countTerms([...titleTerms, ...tokenize(content, deps.stem)]) });
    await deps.pause();
  }
  const textBytes = Buffer.byteLength(text);
  return { source, documentId, title, type, sourceUrl, writtenAtMs, metadataJson, textBytes, fingerprint, passages };
}

function contentOf({ headings, text }: TextChunk): string {
  return headings.length === 0 ? text : `${headings.join(HEADING_SEPARATOR)}\n\n${text}`;
}

function countTerms(tokens: readonly string[]): Pick<IndexedPassage, 'tokenCount' | 'terms' | 'termCounts'> {
  const countByTerm = new Map<string, number>();
  for (const term of tokens) countByTerm.set(term, (countByTerm.get(term) ?? 0) + 1);
  const terms = [...countByTerm.keys()].toSorted();
  return { tokenCount: tokens.length, terms, termCounts: terms.map((term) => countByTerm.get(term) ?? 0) };
}
