import type { DocumentStep, FailureStep, ReadStep } from './document.ts';

/** As many as one transaction of the context service is meant for. */
export const DOCUMENTS_MAX = 100;
/** Well below the gateway's 4 MiB a request, and small enough that progress is seen. */
export const BYTES_MAX = 1024 * 1024;

/** Groups documents into batches; failures are handed to `onFailure` as they come. */
export async function* toBatches(
  steps: AsyncIterable<ReadStep>,
  onFailure: (failure: FailureStep) => void,
): AsyncGenerator<readonly DocumentStep[]> {
  let batch: DocumentStep[] = [];
  let bytes = 0;
  for await (const step of steps) {
    if (step.kind === 'failure') {
      onFailure(step);
      continue;
    }
    if (batch.length > 0 && (batch.length === DOCUMENTS_MAX || bytes + step.bytes > BYTES_MAX)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(step);
    bytes += step.bytes;
  }
  if (batch.length > 0) yield batch;
}
