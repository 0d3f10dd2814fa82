/** A document as `documents/upsert` takes it. */
export interface IngestDocument {
  readonly id: string;
  readonly text: string;
  readonly source: string;
  readonly title?: string;
  readonly source_url?: string;
  readonly timestamp?: string;
  readonly format?: 'plain' | 'markdown';
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A document that was read. */
export interface DocumentStep {
  readonly kind: 'document';
  readonly document: IngestDocument;
  /** The file, and the line of a record: for people. */
  readonly where: string;
  /** How much of the file it took. */
  readonly bytes: number;
}

/** Something that could not become a document. */
export interface FailureStep {
  readonly kind: 'failure';
  readonly where: string;
  readonly error: string;
  readonly bytes: number;
}

/** One step of reading. */
export type ReadStep = DocumentStep | FailureStep;
