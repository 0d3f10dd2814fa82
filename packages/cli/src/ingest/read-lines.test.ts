import { expect, test } from 'vitest';

import { type Line, LINE_BYTES_MAX, readLines } from './read-lines.ts';

async function linesOf(chunks: readonly (string | Buffer)[]): Promise<Line[]> {
  const stream = async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk);
  };
  return Array.fromAsync(readLines(stream()));
}

/** Numbers from 0 to below 1, the same ones in every run. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function cut(bytes: Buffer, random: () => number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = start + 1 + Math.floor(random() * 7);
    chunks.push(bytes.subarray(start, end));
    start = end;
  }
  return chunks;
}

test('a text gives the same lines however it is cut into chunks', async () => {
  const random = createRandom(2_026);
  const alphabet = ['a', ' ', '\n', '\n', '\r\n', 'ß', '語', '🛰', '"'];
  for (let run = 0; run < 300; run += 1) {
    const letters = Array.from({ length: Math.floor(random() * 40) }, () => alphabet[Math.floor(random() * 9)] ?? '');
    const text = letters.join('');
    const expected = text.split('\n');
    if (expected.at(-1) === '') expected.pop();
    const lines = await linesOf(cut(Buffer.from(text), random));
    expect(lines.map((line) => (line.kind === 'line' ? line.text : line.kind))).toEqual(expected);
    expect(lines.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(Buffer.byteLength(text));
  }
});

test('a last line without an end is a line, and nothing is no line', async () => {
  expect(await linesOf(['one\ntwo'])).toEqual([
    { kind: 'line', text: 'one', bytes: 4 },
    { kind: 'line', text: 'two', bytes: 3 },
  ]);
  expect(await linesOf([])).toEqual([]);
  expect(await linesOf(['one\n'])).toHaveLength(1);
});

test('a line of the longest length is a line, and one byte more is passed over', async () => {
  const longest = 'x'.repeat(LINE_BYTES_MAX);
  const lines = await linesOf([longest, '\n', longest, 'x\nnext\n', longest, 'x']);
  expect(lines.map(({ kind, bytes }) => [kind, bytes])).toEqual([
    ['line', LINE_BYTES_MAX + 1],
    ['overlong', LINE_BYTES_MAX + 2],
    ['line', 5],
    ['overlong', LINE_BYTES_MAX + 1],
  ]);
});

test('an endless line does not fill the memory', async () => {
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  let heldMax = 0;
  const stream = async function* () {
    for (let count = 0; count < 256; count += 1) {
      yield Buffer.from(chunk);
      heldMax = Math.max(heldMax, process.memoryUsage().arrayBuffers);
    }
  };
  const before = process.memoryUsage().arrayBuffers;
  const lines = await Array.fromAsync(readLines(stream()));
  expect(lines).toEqual([{ kind: 'overlong', bytes: 256 * 1024 * 1024 }]);
  // All of it would be 256 MiB; what is held is at most one line, and chunks not yet collected as garbage.
  expect(heldMax - before).toBeLessThan(200 * 1024 * 1024);
});

test('a line that is not UTF-8 is told apart, and those after it are read', async () => {
  const lines = await linesOf([Buffer.from([0x61, 0xff, 0x0a]), 'good\n']);
  expect(lines.map(({ kind }) => kind)).toEqual(['not-utf8', 'line']);
});

test('a byte order mark is no part of the first line', async () => {
  expect(await linesOf(['\uFEFF{}\n'])).toMatchObject([{ text: '{}' }]);
});
