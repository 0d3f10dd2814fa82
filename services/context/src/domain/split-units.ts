import type { TextBlock } from './text-block.ts';
import { countTokens } from './tokenize.ts';

/** The smallest stretch of text that packing moves around: a heading, a sentence, a line of code or a piece of either. */
export interface TextUnit {
  readonly start: number;
  readonly end: number;
  readonly tokens: number;
  readonly isHeading: boolean;
  readonly headings: readonly string[];
}

/** A sentence longer than this is cut between words: two paragraphs' worth without a full stop is a table or a list. */
const UNIT_TOKENS_MAX = 120;

/** A unit with more characters than this is cut too: the words of some data are long. */
export const UNIT_CHARACTERS_MAX = 2_000;

/** What has no space for longer than this is cut too: no word is as long, but encoded data and unspaced writing are. */
export const WORD_CHARACTERS_MAX = 240;

// The counts are bounded because an unbounded run that fails to match would be tried again from each of its characters.
const sentenceEnd = /[.!?…]{1,8}["'”’)\]]{0,4}\s+|[。！？]|\n(?=[ \t]{0,12}(?:[-*+|>]|\d{1,9}[.)]))/gu;
const lineEnd = /\n/g;
const gap = /\s+/g;
const insideWord = /^[\p{L}\p{N}\p{M}]{2}$/u;

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Splits a block into units that together hold everything in it that is not white space. */
export function* splitUnits(text: string, block: TextBlock): Generator<TextUnit> {
  for (const range of rangesOf(text, block)) {
    const unit = toUnit(text, block, range);
    if (unit === undefined) continue;
    if (unit.tokens <= UNIT_TOKENS_MAX && unit.end - unit.start <= UNIT_CHARACTERS_MAX) yield unit;
    else yield* cutUnit(text, block, unit);
  }
}

function rangesOf(text: string, block: TextBlock): Iterable<Range> {
  if (block.kind === 'heading') return [block];
  return splitAfter(text, block, block.kind === 'code' ? lineEnd : sentenceEnd);
}

function* splitAfter(text: string, { start, end }: Range, separator: RegExp): Generator<Range> {
  let from = start;
  for (const match of text.slice(start, end).matchAll(separator)) {
    const to = start + match.index + match[0].length;
    yield { start: from, end: to };
    from = to;
  }
  yield { start: from, end };
}

function toUnit(text: string, { headings, kind }: TextBlock, { start, end }: Range): TextUnit | undefined {
  const raw = text.slice(start, end);
  const trimmed = raw.trimStart();
  const slice = trimmed.trimEnd();
  if (slice === '') return undefined;
  const from = start + raw.length - trimmed.length;
  return { start: from, end: from + slice.length, tokens: countTokens(slice), isHeading: kind === 'heading', headings };
}

/** Cuts a unit that is too long between words, and what is no word any more between characters. */
function* cutUnit(text: string, block: TextBlock, unit: TextUnit): Generator<TextUnit> {
  let piece: { start: number; end: number; tokens: number } | undefined;
  for (const word of cutWords(text, unit)) {
    const tokens = countTokens(text.slice(word.start, word.end));
    const fits =
      piece !== undefined && piece.tokens + tokens <= UNIT_TOKENS_MAX && word.end - piece.start <= UNIT_CHARACTERS_MAX;
    if (piece !== undefined && !fits) yield* presentUnit(text, block, piece);
    piece =
      piece !== undefined && fits
        ? { start: piece.start, end: word.end, tokens: piece.tokens + tokens }
        : { ...word, tokens };
  }
  if (piece !== undefined) yield* presentUnit(text, block, piece);
}

function* presentUnit(text: string, block: TextBlock, range: Range): Generator<TextUnit> {
  const unit = toUnit(text, block, range);
  if (unit !== undefined) yield unit;
}

function* cutWords(text: string, unit: Range): Generator<Range> {
  for (const { start, end } of splitAfter(text, unit, gap)) {
    for (let from = start; from < end;) {
      const to = cutPoint(text, from, end);
      yield { start: from, end: to };
      from = to;
    }
  }
}

/** Looks for a place that is not inside a word; without one cuts between characters, never inside a surrogate pair. */
function cutPoint(text: string, from: number, end: number): number {
  if (end - from <= WORD_CHARACTERS_MAX) return end;
  const longest = from + WORD_CHARACTERS_MAX;
  for (let to = longest; to > from + WORD_CHARACTERS_MAX / 2; to -= 1) {
    if (!isLowSurrogate(text, to) && !insideWord.test(text.slice(to - 1, to + 1))) return to;
  }
  return isLowSurrogate(text, longest) ? longest - 1 : longest;
}

function isLowSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0xdc00 && unit <= 0xdfff;
}
