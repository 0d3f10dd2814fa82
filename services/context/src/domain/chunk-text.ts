import { splitMarkdown } from './split-markdown.ts';
import { splitUnits, type TextUnit } from './split-units.ts';
import { splitParagraphs } from './text-block.ts';

/** How a document's text is written. */
export type TextFormat = 'plain' | 'markdown';

/** A part of a text that is found and shown by itself. */
export interface TextChunk {
  /** An exact part of the text, without white space around it. */
  readonly text: string;
  /** The headings it stands under, outermost first, that are not in its text. */
  readonly headings: readonly string[];
}

/** A text up to this long stays whole: an abstract or a note loses more by being cut than its ranking gains. */
export const WHOLE_TEXT_TOKENS_MAX = 400;

/** About how long a chunk of a longer text is: two or three paragraphs, a fair answer by itself. */
export const CHUNK_TOKENS_TARGET = 300;

/** The most characters of a chunk, for text that is dense in characters rather than words. */
export const CHUNK_CHARACTERS_MAX = 8_000;

/** How many of its last tokens a chunk shares with the next, so that what refers back is still understood. */
export const CHUNK_OVERLAP_TOKENS_MAX = 40;

/** The same in characters, so that text without tokens is not repeated at length. */
const CHUNK_OVERLAP_CHARACTERS_MAX = 800;

/** From here on a chunk ends where the next heading starts; shorter sections share one. */
const SECTION_TOKENS_MIN = 100;

/** A rest shorter than this joins the chunk before it. */
const REST_TOKENS_MIN = 40;

/** Cuts a text into chunks, in order, that together hold all of it but white space. */
export function* chunkText(text: string, format: TextFormat): Generator<TextChunk> {
  // The last group is held back until it is known whether a short rest joins it.
  let held: Group | undefined;
  for (const group of packUnits(unitsOf(text, format))) {
    const joined = held?.joinedBy(group);
    if (held !== undefined && joined === undefined) yield held.toChunk(text);
    held = joined ?? group;
  }
  if (held !== undefined) yield held.toChunk(text);
}

function* unitsOf(text: string, format: TextFormat): Generator<TextUnit> {
  const blocks = format === 'markdown' ? splitMarkdown(text) : splitParagraphs(text);
  for (const block of blocks) yield* splitUnits(text, block);
}

function* packUnits(units: Iterable<TextUnit>): Generator<Group> {
  const all = units[Symbol.iterator]();
  // A text that fits as a whole is not cut at its headings, so the first units are packed without regard to them.
  const whole = new Group();
  let next = all.next();
  for (; !next.done && whole.fits(next.value); next = all.next()) whole.add(next.value);
  if (next.done) {
    if (whole.units.length > 0) yield whole;
    return;
  }
  let group = new Group();
  for (const unit of chain(whole.units, next.value, all)) {
    if (group.endsBefore(unit)) {
      const following = group.split(unit);
      yield group;
      group = following;
    }
    group.add(unit);
  }
  yield group;
}

function* chain(first: readonly TextUnit[], second: TextUnit, rest: Iterator<TextUnit>): Generator<TextUnit> {
  yield* first;
  yield second;
  for (let next = rest.next(); !next.done; next = rest.next()) yield next.value;
}

/** Units that become one chunk. Its counts are kept while it grows: a chunk may have thousands of units without a token. */
class Group {
  units: TextUnit[] = [];
  #tokens = 0;
  #freshTokens = 0;
  #freshFrom = 0;
  #hasProse = false;

  add(unit: TextUnit): void {
    this.units.push(unit);
    this.#tokens += unit.tokens;
    this.#freshTokens += unit.tokens;
    if (!unit.isHeading) this.#hasProse = true;
  }

  /** Tells whether this and the unit together are short enough to stay whole. */
  fits(unit: TextUnit): boolean {
    return this.#tokens + unit.tokens <= WHOLE_TEXT_TOKENS_MAX && this.#charactersWith(unit) <= CHUNK_CHARACTERS_MAX;
  }

  endsBefore(unit: TextUnit): boolean {
    if (this.units.length === this.#freshFrom) return false;
    if (!this.#hasProse && this.fits(unit)) return false;
    const isSectionEnd = unit.isHeading && this.units.at(-1)?.isHeading === false;
    if (isSectionEnd && this.#tokens >= SECTION_TOKENS_MIN) return true;
    return this.#tokens + unit.tokens > CHUNK_TOKENS_TARGET || this.#charactersWith(unit) > CHUNK_CHARACTERS_MAX;
  }

  /** Returns the group that follows: it starts with the headings this one ends with, or repeats its last sentences. */
  split(next: TextUnit): Group {
    const following = new Group();
    const lastProse = this.units.findLastIndex(({ isHeading }) => !isHeading);
    if (lastProse !== -1 && lastProse < this.units.length - 1) {
      for (const heading of this.units.splice(lastProse + 1)) following.add(heading);
      return following;
    }
    if (!next.isHeading) for (const unit of this.#overlap()) following.add(unit);
    following.#freshFrom = following.units.length;
    following.#freshTokens = 0;
    return following;
  }

  /** Returns both as one when the other is too short to stand alone, and they fit. */
  joinedBy(rest: Group): Group | undefined {
    if (rest.units[0]?.isHeading === true || rest.#freshTokens >= REST_TOKENS_MIN) return undefined;
    const joined = new Group();
    for (const unit of [...this.units, ...rest.units.slice(rest.#freshFrom)]) {
      if (!joined.fits(unit)) return undefined;
      joined.add(unit);
    }
    return joined;
  }

  toChunk(text: string): TextChunk {
    const [first] = this.units;
    return { text: text.slice(first?.start, this.units.at(-1)?.end), headings: first?.headings ?? [] };
  }

  #overlap(): readonly TextUnit[] {
    const end = this.units.at(-1)?.end ?? 0;
    let tokens = 0;
    const last = this.units.findLastIndex((unit) => {
      tokens += unit.tokens;
      return unit.isHeading || tokens > CHUNK_OVERLAP_TOKENS_MAX || end - unit.start > CHUNK_OVERLAP_CHARACTERS_MAX;
    });
    return this.units.slice(last + 1);
  }

  #charactersWith(unit: TextUnit): number {
    return unit.end - (this.units[0]?.start ?? unit.start);
  }
}
