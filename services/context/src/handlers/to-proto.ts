import type { ContextItem, Source } from '@gantry/protocol/gantry/context/v1/context_service';
import {
  type DocumentInfo,
  UpsertOutcome,
  type UpsertResult as UpsertResultMessage,
} from '@gantry/protocol/gantry/context/v1/document_service';

import type { DocumentSummary, SourceSummary, UpsertResult } from '../domain/document.ts';
import { relevanceOf } from '../domain/find-passages.ts';
import type { RankedPassages } from '../domain/passage.ts';

const outcomes = {
  created: UpsertOutcome.UPSERT_OUTCOME_CREATED,
  updated: UpsertOutcome.UPSERT_OUTCOME_UPDATED,
  unchanged: UpsertOutcome.UPSERT_OUTCOME_UNCHANGED,
  refused: UpsertOutcome.UPSERT_OUTCOME_REFUSED,
} satisfies Record<UpsertResult['outcome'], UpsertOutcome>;

export function toContextItems({ passages, bestScore }: RankedPassages): ContextItem[] {
  return passages.map((passage) => ({
    id: passage.passageId,
    content: passage.content,
    type: passage.type,
    source: passage.source,
    relevance: relevanceOf(passage.score, bestScore),
    score: passage.score,
    timestamp: new Date(passage.writtenAtMs),
    sourceUrl: passage.sourceUrl,
    documentId: passage.documentId,
    title: passage.title,
    metadataJson: new TextEncoder().encode(passage.metadataJson),
  }));
}

export function toSource({ name, documentCount, passageCount, updatedAtMs }: SourceSummary): Source {
  return {
    name,
    documentCount: BigInt(documentCount),
    passageCount: BigInt(passageCount),
    updatedAt: new Date(updatedAtMs),
  };
}

export function toUpsertResult(documentId: string, result: UpsertResult): UpsertResultMessage {
  const outcome = outcomes[result.outcome];
  if (result.outcome === 'refused') return { documentId, outcome, error: result.error, passageCount: 0 };
  return { documentId, outcome, error: '', passageCount: result.passageCount };
}

export function toDocumentInfo(summary: DocumentSummary): DocumentInfo {
  const { documentId, source, title, sourceUrl, writtenAtMs, updatedAtMs, textBytes, passageCount } = summary;
  return {
    documentId,
    source,
    title,
    sourceUrl,
    timestamp: new Date(writtenAtMs),
    updatedAt: new Date(updatedAtMs),
    textBytes: BigInt(textBytes),
    passageCount,
  };
}
