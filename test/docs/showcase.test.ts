import { DocumentFormat } from '@gantry/protocol/gantry/context/v1/document_service';
import { createTestDatabase } from '@gantry/testkit';
import { expect, test } from 'vitest';

import { startContextAlone } from '../eval/start-context-alone.ts';
import { listFiles, readText } from './markdown.ts';

/** What README.md has a newcomer ingest. */
const pages = ['README.md', ...listFiles('docs/**/*.md')];
const question = questionOf('README.md');

function questionOf(path: string): string {
  return / context "([^"]+)"/.exec(readText(path))?.[1] ?? '';
}

test('README.md, the summary of npm start and the CLI suggest the same question', () => {
  expect(question).toMatch(/\?$/);
  for (const path of ['services/all/src/summary.ts', 'packages/cli/README.md']) {
    expect([path, questionOf(path)]).toEqual([path, question]);
  }
  expect(readText('packages/cli/src/commands/context.ts')).toContain(`"${question}"`);
});

test('no page answers the suggested question by quoting it', () => {
  const [, ...docs] = pages;
  expect(docs.filter((path) => readText(path).includes(question.replace('?', '')))).toEqual([]);
});

test('the first answer to the suggested question is the passage that answers it', async () => {
  await using database = await createTestDatabase();
  await using service = await startContextAlone(database.url);
  const documents = pages.map((path) => ({
    documentId: path,
    source: path === 'README.md' ? 'files' : 'docs',
    title: /^# (.+)$/m.exec(readText(path))?.[1] ?? path,
    text: readText(path),
    format: DocumentFormat.DOCUMENT_FORMAT_MARKDOWN,
    sourceUrl: '',
    timestamp: undefined,
    metadataJson: Buffer.from('{}'),
    type: '',
  }));
  await service.documents.upsertDocuments({ documents }, { assertion: await service.assertion() });
  const request = { query: question, maxResults: 1, sources: [], onePerDocument: false };
  const { items } = await service.context.getContext(request, { assertion: await service.assertion() });
  expect(items).toMatchObject([
    { documentId: 'docs/adr/0011-exact-bm25-in-postgres.md', content: expect.stringContaining('BM25') },
  ]);
});
