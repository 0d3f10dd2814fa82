import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { startEmbeddedPostgres } from '@gantry/embedded-postgres';
import { type Document, DocumentFormat, UpsertOutcome } from '@gantry/protocol/gantry/context/v1/document_service';
import { createTestDatabase } from '@gantry/testkit';

import { mean, ndcg, percentile, recall } from './ranking-metrics.ts';
import { type CollectionDocument, missingFiles, readCollection } from './read-collection.ts';
import { startContextAlone } from './start-context-alone.ts';

/** Plain BM25 with the usual settings reaches 0.3885 on whole documents; less than this means that something is broken. */
const NDCG_MIN = 0.38;

const NDCG_DEPTH = 10;
const RECALL_DEPTH = 100;
const BATCH_DOCUMENTS = 100;
const PAGE_SIZE = 50;
const MS_PER_SECOND = 1_000;

type ContextAlone = Awaited<ReturnType<typeof startContextAlone>>;

const folder = resolve(process.argv[2] ?? join(import.meta.dirname, '../../../shared/data/cranfield'));
const missing = missingFiles(folder);
if (missing.length === 0) process.exitCode = await evaluate(folder);
else {
  print(
    `The Cranfield collection is not in ${folder}: there is no ${missing.join(', no ')}.`,
    'Put documents.jsonl ({id, title, text, …} a line), queries.jsonl ({id, text} a line) and qrels.tsv',
    '(query_id, document_id, relevance, with a header) into a folder, and name it:',
    '    npm run eval:cranfield -- path/to/folder',
  );
  process.exitCode = 2;
}

async function evaluate(collectionFolder: string): Promise<number> {
  const { documents, questions, relevantByQuestion } = readCollection(collectionFolder);
  await using stack = new AsyncDisposableStack();
  if (!process.env['DATABASE_URL']) process.env['DATABASE_URL'] = await startPostgres(stack);
  const database = stack.use(await createTestDatabase());
  const service = stack.use(await startContextAlone(database.url));

  await ingest(service, documents);
  const outcomes = [];
  for (const { id, text } of questions) {
    outcomes.push(await ask(service, text, relevantByQuestion.get(id) ?? new Set<string>()));
  }
  const score = mean(outcomes.map((outcome) => outcome.ndcg));
  const times = outcomes.map(({ durationMs }) => durationMs);
  print(
    `questions     ${questions.length}; context in ${percentile(times, 0.5).toFixed(1)} ms (median), ${percentile(times, 0.95).toFixed(1)} ms (p95)`,
    `nDCG@${NDCG_DEPTH}       ${score.toFixed(4)}  (at least ${NDCG_MIN})`,
    `recall@${RECALL_DEPTH}    ${mean(outcomes.map((outcome) => outcome.recall)).toFixed(4)}`,
  );
  return score >= NDCG_MIN ? 0 : 1;
}

async function ingest({ documents: client, assertion }: ContextAlone, documents: readonly CollectionDocument[]) {
  const startMs = performance.now();
  const refused: string[] = [];
  let passages = 0;
  for (let from = 0; from < documents.length; from += BATCH_DOCUMENTS) {
    const batch = documents.slice(from, from + BATCH_DOCUMENTS).map(toDocument);
    const { results } = await client.upsertDocuments({ documents: batch }, { assertion: await assertion() });
    for (const { documentId, outcome, error, passageCount } of results) {
      passages += passageCount;
      if (outcome === UpsertOutcome.UPSERT_OUTCOME_REFUSED) refused.push(`${documentId}: ${error}`);
    }
  }
  const seconds = (performance.now() - startMs) / MS_PER_SECOND;
  const rate = Math.round(passages / seconds);
  print(`documents     ${documents.length}, ${passages} passages in ${seconds.toFixed(2)} s (${rate} passages/s)`);
  print(...refused.map((line) => `refused       ${line}`));
}

function toDocument({ id, title, text, ...fields }: CollectionDocument): Document {
  return {
    documentId: id,
    source: 'cranfield',
    title: title ?? '',
    text,
    format: DocumentFormat.DOCUMENT_FORMAT_PLAIN,
    sourceUrl: '',
    timestamp: undefined,
    metadataJson: Buffer.from(JSON.stringify(fields)),
    type: '',
  };
}

async function ask({ context, assertion }: ContextAlone, query: string, relevant: ReadonlySet<string>) {
  const startMs = performance.now();
  const request = { query, maxResults: NDCG_DEPTH, sources: [], onePerDocument: true };
  const { items } = await context.getContext(request, { assertion: await assertion() });
  const durationMs = performance.now() - startMs;
  const first = items.map(({ documentId }) => documentId);
  const all = await searchDocuments({ context, assertion }, query);
  return { durationMs, ndcg: ndcg(first, relevant, NDCG_DEPTH), recall: recall(all, relevant, RECALL_DEPTH) };
}

/** Pages through a search until it has named RECALL_DEPTH documents or ends. */
async function searchDocuments({ context, assertion }: Pick<ContextAlone, 'context' | 'assertion'>, query: string) {
  const found = new Set<string>();
  let pageToken = '';
  do {
    const request = { query, source: '', pageSize: PAGE_SIZE, pageToken };
    const page = await context.search(request, { assertion: await assertion() });
    for (const { documentId } of page.items) found.add(documentId);
    pageToken = page.nextPageToken;
  } while (pageToken !== '' && found.size < RECALL_DEPTH);
  return [...found];
}

async function startPostgres(stack: AsyncDisposableStack): Promise<string> {
  const temporary = await mkdtemp(join(tmpdir(), 'gantry-eval-'));
  stack.defer(() => rm(temporary, { recursive: true, force: true }));
  // mkdtemp closes the folder to everybody else, and when root runs this, somebody else has to run Postgres.
  await chmod(temporary, 0o711);
  const postgres = stack.use(
    await startEmbeddedPostgres({ dataDirectory: join(temporary, 'postgres'), durable: false }),
  );
  return postgres.url();
}

function print(...lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}
