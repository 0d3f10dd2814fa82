import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  CHUNK_CHARACTERS_MAX,
  CHUNK_OVERLAP_TOKENS_MAX,
  CHUNK_TOKENS_TARGET,
  chunkText,
  type TextFormat,
  WHOLE_TEXT_TOKENS_MAX,
} from './chunk-text.ts';
import { HEADING_CHARACTERS_MAX } from './split-markdown.ts';
import { UNIT_CHARACTERS_MAX, WORD_CHARACTERS_MAX } from './split-units.ts';
import { countTokens } from './tokenize.ts';

const words = (count: number, word = 'word') =>
  Array.from({ length: count }, (_, index) => `${word}${index}`).join(' ');
const sentences = (count: number, prefix = 's') =>
  Array.from({ length: count }, (_, index) => `The ${prefix}${index} sentence has ten words in all, does it not?`).join(
    ' ',
  );
const chunks = (text: string, format: TextFormat = 'plain') => [...chunkText(text, format)];

describe('plain text', () => {
  test('stays whole up to 400 tokens, whatever paragraphs it has', () => {
    const text = `${words(200)}\n\n${words(200, 'other')}`;
    expect(chunks(text)).toEqual([{ text, headings: [] }]);
    expect(chunks(`${text} more`).length).toBe(2);
  });

  test('is cut between sentences, and each chunk repeats the end of the one before', () => {
    const all = chunks(sentences(100));
    expect(all.length).toBe(4);
    for (const { text } of all) {
      expect(text).toMatch(/^The s\d+ sentence/);
      expect(text).toMatch(/not\?$/);
    }
    const [first, second] = all;
    const repeated = second?.text.split('? ')[0] ?? '';
    expect(first?.text).toContain(repeated);
    expect(first?.text.split('? ').length).toBeGreaterThan(20);
  });

  test('that is blank has no chunk', () => {
    expect(chunks(' \n\t\r\n ')).toEqual([]);
    expect(chunks('')).toEqual([]);
  });

  test('a short rest joins the chunk before it', () => {
    const last = chunks(`${sentences(57)}\n\nThe end.`).at(-1);
    expect(countTokens(last?.text ?? '')).toBeGreaterThan(100);
  });

  test('one word of 2 MiB is cut into pieces', () => {
    const all = chunks('x'.repeat(2 * 1024 * 1024));
    expect(all.map(({ text }) => text).join('').length).toBeGreaterThanOrEqual(2 * 1024 * 1024);
    for (const { text } of all) expect(text.length).toBeLessThanOrEqual(CHUNK_CHARACTERS_MAX);
  });

  test('a long run without spaces is cut between its words', () => {
    const run = Array.from({ length: 2_000 }, (_, index) => `field${index}`).join(',');
    const found = new Set(chunks(run).flatMap(({ text }) => text.split(',')));
    for (const field of run.split(',')) expect(found).toContain(field);
  });
});

describe('a chunk of a longer text', () => {
  const all = chunks(Array.from({ length: 2_000 }, (_, index) => `Word${index}.`).join(' ')).map(({ text }) =>
    text.split(' '),
  );

  test('has as many tokens as it is meant to have, the last one excepted', () => {
    for (const chunk of all.slice(0, -1)) expect(chunk).toHaveLength(CHUNK_TOKENS_TARGET);
  });

  test('shares as many tokens with the next as it may', () => {
    for (const [index, chunk] of all.slice(1).entries()) {
      expect(chunk.filter((word) => all[index]?.includes(word))).toHaveLength(CHUNK_OVERLAP_TOKENS_MAX);
    }
  });

  test('is not longer than it may be when its words are long', () => {
    const text = Array.from({ length: 300 }, (_, index) => `${index}${'z'.repeat(200)}`).join(' ');
    for (const chunk of chunks(text).slice(0, -1)) {
      expect(chunk.text.length).toBeLessThanOrEqual(CHUNK_CHARACTERS_MAX);
      expect(chunk.text.length).toBeGreaterThan(CHUNK_CHARACTERS_MAX - 2 * UNIT_CHARACTERS_MAX);
    }
  });
});

describe('Markdown', () => {
  const text = [
    '# Guide',
    sentences(12, 'intro'),
    '## Install',
    sentences(12, 'install'),
    '### Linux ###',
    sentences(40, 'linux'),
    'Run\n---',
    '```sh',
    '# not a heading',
    '```',
    sentences(12, 'run'),
  ].join('\n\n');

  test('is cut at its headings, and a chunk knows the headings it stands under', () => {
    const outline = chunks(text, 'markdown').map((chunk) => [chunk.headings.join(' › '), chunk.text.split('\n')[0]]);
    expect(outline).toEqual([
      ['', '# Guide'],
      ['Guide', '## Install'],
      ['Guide › Install', '### Linux ###'],
      ['Guide › Install › Linux', expect.stringMatching(/^The linux\d+ sentence/)],
      ['Guide', 'Run'],
    ]);
  });

  test('a comment in code is not a heading', () => {
    expect(chunks(text, 'markdown').every(({ headings }) => !headings.includes('not a heading'))).toBe(true);
  });

  test('short sections share a chunk', () => {
    const short = Array.from(
      { length: 60 },
      (_, index) => `## Section ${index}\n\nSome ten words of text that say very little indeed.`,
    );
    const all = chunks(short.join('\n\n'), 'markdown');
    expect(all.length).toBeLessThan(10);
    for (const chunk of all) expect(chunk.text).toMatch(/^## Section/);
  });

  test('a heading is cut where it stands above a chunk', () => {
    const [, second] = chunks(`# ${'h'.repeat(HEADING_CHARACTERS_MAX + 1)}\n\n${sentences(60)}`, 'markdown');
    expect(second?.headings).toEqual(['h'.repeat(HEADING_CHARACTERS_MAX)]);
  });

  test('front matter is no heading', () => {
    const document = `---\ntitle: Something\ntags: a\n---\n\n# Title\n\n${sentences(50)}`;
    const [first, second] = chunks(document, 'markdown');
    expect(first?.text).toMatch(/^---\ntitle/);
    expect(first?.headings).toEqual([]);
    expect(second?.headings).toEqual(['Title']);
  });

  test('an endless fence, an endless heading and nothing but headings are text all the same', () => {
    for (const odd of [
      `\`\`\`\n${sentences(60)}`,
      `# ${words(900)}`,
      '# a\n'.repeat(2_000),
      `x\n${'-'.repeat(10_000)}`,
    ]) {
      expect(chunks(odd, 'markdown').length).toBeGreaterThan(0);
    }
  });
});

describe('whatever the text is', () => {
  const separator = fc.constantFrom(
    ' ',
    ' ',
    ' ',
    '. ',
    '\n',
    '\n\n',
    '\r\n\r\n',
    '\n# ',
    '\n```\n',
    '\n- ',
    '\n---\n',
    '? ',
    '。',
  );
  const word = fc.stringMatching(/^[a-z]{1,12}$/);
  const anyText = fc
    .array(fc.tuple(word, separator), { minLength: 1, maxLength: 1_500 })
    .map((parts) => parts.map(([text, after], index) => `${text}${index}${after}`).join(''));
  const format = fc.constantFrom<TextFormat>('plain', 'markdown');

  test('every word of it is in a chunk', () => {
    fc.assert(
      fc.property(anyText, format, (text, written) => {
        const found = new Set(chunks(text, written).flatMap((chunk) => chunk.text.match(/[a-z]+\d+/g) ?? []));
        for (const each of text.match(/[a-z]+\d+/g) ?? []) expect(found).toContain(each);
      }),
      { numRuns: 50 },
    );
  });

  test('chunks are parts of it, in order, and not too long', () => {
    fc.assert(
      fc.property(anyText, format, (text, written) => {
        let from = 0;
        for (const chunk of chunks(text, written)) {
          const at = text.indexOf(chunk.text, from);
          expect(at).toBeGreaterThanOrEqual(from);
          expect(chunk.text.length).toBeLessThanOrEqual(CHUNK_CHARACTERS_MAX);
          expect(countTokens(chunk.text)).toBeLessThanOrEqual(WHOLE_TEXT_TOKENS_MAX);
          from = at + 1;
        }
      }),
      { numRuns: 50 },
    );
  });

  test('every character but white space is in a chunk, also when it is no text at all', () => {
    const odd = fc.string({ unit: 'binary', maxLength: 3_000 }).map((text) => text.repeat(4));
    fc.assert(
      fc.property(odd, format, (text, written) => {
        const compact = (value: string) => value.replaceAll(/\s/gu, '');
        const total = chunks(text, written).reduce((sum, chunk) => sum + compact(chunk.text).length, 0);
        expect(total).toBeGreaterThanOrEqual(compact(text).length);
        for (const chunk of chunks(text, written)) expect(chunk.text.isWellFormed()).toBe(text.isWellFormed());
      }),
      { numRuns: 30 },
    );
  });

  test('a word as long as allowed is not cut', () => {
    const long = 'y'.repeat(WORD_CHARACTERS_MAX);
    expect(chunks(`${words(600)} ${long}`).some(({ text }) => text.includes(long))).toBe(true);
  });
});
