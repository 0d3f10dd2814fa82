import type { CallMethod } from '../json-rpc-client.ts';
import { MethodError } from '../json-rpc-client.ts';
import { toBatches } from './batches.ts';
import type { DocumentStep, ReadStep } from './document.ts';
import type { FoundFile } from './find-files.ts';
import { isOutage, patiently, type Sleep, systemSleep } from './patience.ts';
import { readDocuments } from './read-file.ts';
import { createTally, type IngestReport, type OnProgress, type Tally, type UpsertResult } from './report.ts';

/** Says how to ingest. */
export interface IngestOptions {
  readonly onProgress: OnProgress;
  /** Stops after the requests in flight; its reason is reported. */
  readonly signal: AbortSignal;
  /** Waits between attempts. Default: by the clock. */
  readonly sleep?: Sleep;
}

/** Enough to keep the gateway and the database busy at the same time. */
const CONCURRENCY = 4;

interface Run {
  readonly call: CallMethod;
  readonly tally: Tally;
  readonly sleep: Sleep;
  /** Aborted with the reason why going on is of no use. */
  readonly stop: AbortController;
}

/**
 * Reads documents out of files and stores them. Storing is idempotent: a run that died is resumed by the same command. What
 * is wrong with one document is reported with it; what would befall all that follow, such as an outage, ends the run.
 */
export async function ingest(
  files: readonly FoundFile[],
  call: CallMethod,
  { onProgress, signal, sleep = systemSleep }: IngestOptions,
): Promise<IngestReport> {
  const run: Run = { call, sleep, tally: createTally(onProgress), stop: new AbortController() };
  const interrupt = () => run.stop.abort(signal.reason);
  if (signal.aborted) interrupt();
  signal.addEventListener('abort', interrupt);
  const batches = toBatches(readAll(files), (failure) => run.tally.failed(failure));
  // A generator hands each batch to one worker only, so the workers share the reading.
  const work = async () => {
    while (!run.stop.signal.aborted) {
      const step = await batches.next();
      if (step.done === true) return;
      await store(step.value, run);
    }
  };
  try {
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
  } finally {
    signal.removeEventListener('abort', interrupt);
    await batches.return(undefined);
  }
  const report = run.tally.report();
  return run.stop.signal.aborted ? { ...report, stopped: messageOf(run.stop.signal.reason) } : report;
}

async function* readAll(files: readonly FoundFile[]): AsyncGenerator<ReadStep> {
  for (const file of files) yield* readDocuments(file);
}

async function store(batch: readonly DocumentStep[], run: Run): Promise<void> {
  const { call, tally, sleep, stop } = run;
  const documents = batch.map(({ document }) => document);
  try {
    const answer = await patiently(() => call('documents/upsert', { documents }), sleep, stop.signal);
    // The gateway's contract: one result a document, in order.
    const { results } = answer as { readonly results: readonly UpsertResult[] };
    batch.forEach((step, index) => tally.stored(step, results[index]));
  } catch (error) {
    if (stop.signal.aborted) return;
    if (concernsAll(error)) return stop.abort(error);
    const [only, ...others] = batch;
    if (only !== undefined && others.length === 0) {
      return tally.failed({ where: only.where, bytes: only.bytes, error: messageOf(error) });
    }
    // The gateway refuses a request for a single bad field in it: what is good must not fail with it.
    const half = Math.ceil(batch.length / 2);
    await store(batch.slice(0, half), run);
    await store(batch.slice(half), run);
  }
}

/** An outage that outlasted all patience, or a key that may not store documents. */
function concernsAll(error: unknown): boolean {
  return isOutage(error) || (error instanceof MethodError && (error.status === 401 || error.status === 403));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
