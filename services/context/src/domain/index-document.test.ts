import { expect, test } from 'vitest';

import { sampleDocument, sampleIndexed } from '../../test/sample-document.ts';
import { hash } from '../store/hash.ts';
import { fingerprintOf } from './index-document.ts';

const long = Array.from({ length: 80 }, (_, index) => `Sentence number ${index} talks about propellers.`).join(' ');

test('the title counts as part of every passage', async () => {
  const { passages } = await sampleIndexed({ title: 'Zeppelins', text: long });
  expect(passages.length).toBeGreaterThan(1);
  for (const { terms } of passages) expect(terms).toContain('zeppelin');
  for (const { content } of passages) expect(content).not.toContain('Zeppelins');
});

test('a passage in the middle of a section is shown under its headings and found by them', async () => {
  const text = `# Manual\n\n## Engines\n\n${long}`;
  const { passages } = await sampleIndexed({ format: 'markdown', text });
  const last = passages.at(-1);
  expect(last?.content).toMatch(/^Manual › Engines\n\nSentence/);
  expect(last?.terms).toContain('engin');
});

test('the counts of a passage add up to its length', async () => {
  const { passages } = await sampleIndexed({ title: 'wing wing', text: 'wing of a bird' });
  expect(passages).toMatchObject([{ tokenCount: 4, terms: ['bird', 'wing'], termCounts: [1, 3] }]);
});

test('a text without any word is one passage that only its title finds', async () => {
  const { passages } = await sampleIndexed({ title: 'Dots', text: '... !!!' });
  expect(passages).toMatchObject([{ content: '... !!!', terms: ['dot'] }]);
});

test('ids of passages are the same for the same document, and others after a change', async () => {
  const idsOf = async (text: string) => (await sampleIndexed({ text })).passages.map(({ passageId }) => passageId);
  expect(await idsOf(long)).toEqual(await idsOf(long));
  expect(new Set([...(await idsOf(long)), ...(await idsOf(`${long} More.`))]).size).toBeGreaterThan(
    (await idsOf(long)).length,
  );
});

test('every part of a document is part of its fingerprint', () => {
  const changes = [
    {},
    { title: 'x' },
    { text: 'x' },
    { format: 'markdown' },
    { type: 'x' },
    { sourceUrl: 'x' },
    { writtenAtMs: 1 },
    { metadataJson: '{"a":1}' },
  ] as const;
  const fingerprints = changes.map((change) => fingerprintOf(sampleDocument(change), hash));
  expect(new Set(fingerprints).size).toBe(changes.length);
});

test('a document without a date was written when it is stored', async () => {
  expect((await sampleIndexed({}, 1_234)).writtenAtMs).toBe(1_234);
  expect((await sampleIndexed({ writtenAtMs: 5 }, 1_234)).writtenAtMs).toBe(5);
});
