import type { DocumentStep, FailureStep } from './document.ts';

/** How an ingest ended. */
export interface IngestReport {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly failures: readonly { readonly where: string; readonly error: string }[];
  /** How many failures there were in all; only the first FAILURES_MAX are kept. */
  readonly failureCount: number;
  readonly passages: number;
  /** Why not everything was tried; absent when it was. */
  readonly stopped?: string;
}

/** Is told how far it has come. */
export type OnProgress = (done: { readonly bytes: number; readonly documents: number }) => void;

/** What the gateway says became of a document. */
export interface UpsertResult {
  readonly id: string;
  readonly outcome: 'created' | 'updated' | 'unchanged' | 'refused';
  readonly error?: string;
  readonly passage_count: number;
}

/** Enough to mend by hand; a million bad lines must not fill the memory. */
export const FAILURES_MAX = 1_000;

/** Counts what becomes of documents. */
export interface Tally {
  stored(step: DocumentStep, result: UpsertResult | undefined): void;
  failed(failure: Omit<FailureStep, 'kind'>): void;
  report(): IngestReport;
}

/** Creates a tally of nothing. */
export function createTally(onProgress: OnProgress): Tally {
  const counts = { created: 0, updated: 0, unchanged: 0, passages: 0 };
  const failures: { where: string; error: string }[] = [];
  const done = { bytes: 0, documents: 0 };
  let failureCount = 0;
  const advance = (bytes: number) => {
    done.bytes += bytes;
    done.documents += 1;
    onProgress({ ...done });
  };
  const failed: Tally['failed'] = ({ where, error, bytes }) => {
    failureCount += 1;
    if (failures.length < FAILURES_MAX) failures.push({ where, error });
    advance(bytes);
  };
  return {
    failed,
    stored({ where, bytes }, result) {
      if (result === undefined || result.outcome === 'refused') {
        return failed({ where, bytes, error: result?.error ?? 'the gateway did not say what became of it' });
      }
      counts[result.outcome] += 1;
      counts.passages += result.passage_count;
      advance(bytes);
    },
    report: () => ({ ...counts, failures, failureCount }),
  };
}
