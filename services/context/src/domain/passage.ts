/** A term of a question. */
export interface QuestionTerm {
  readonly term: string;
  /** How often the question has it. */
  readonly weight: number;
}

/** A passage with its document, and how well it fits a question. */
export interface RankedPassage {
  readonly passageId: string;
  readonly content: string;
  readonly score: number;
  readonly source: string;
  readonly documentId: string;
  readonly title: string;
  readonly type: string;
  readonly sourceUrl: string;
  readonly writtenAtMs: number;
  readonly metadataJson: string;
}

/** A part of a ranking. */
export interface RankedPassages {
  /** How many passages matched in all. */
  readonly total: number;
  /** How many results the ranking has: fewer than matched where only the best of each document counts. */
  readonly resultCount: number;
  /** The best score of the whole ranking; 0 when nothing matched. */
  readonly bestScore: number;
  readonly passages: readonly RankedPassage[];
}
