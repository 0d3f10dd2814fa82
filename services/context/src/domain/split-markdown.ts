import { linesOf, type TextBlock, type TextLine } from './text-block.ts';

/** The most characters of a heading that are kept in a heading path; longer ones are no headings in spirit. */
export const HEADING_CHARACTERS_MAX = 200;

/** Front matter longer than this is not looked for: the text only starts with a rule. */
const FRONT_MATTER_LINES_MAX = 200;

const fence = /^ {0,3}(`{3,}|~{3,})/;
const underline = /^ {0,3}(=+|-+)[ \t\r]*$/;
const startsList = /^ {0,3}(?:[-*+>|]|\d{1,9}[.)])/;

/**
 * Splits Markdown into headings (`#` and underlined), paragraphs and fenced code, each with the headings it stands
 * under. What looks like a heading inside of code is code; front matter is one block of code.
 */
export function* splitMarkdown(text: string): Generator<TextBlock> {
  const splitter = new MarkdownSplitter();
  const bodyStart = frontMatterEnd(text);
  if (bodyStart > 0) splitter.addCode(0, bodyStart);
  for (const line of linesOf(text)) {
    if (line.start < bodyStart) continue;
    splitter.addLine(line);
    yield* splitter.takeBlocks();
  }
  splitter.finish();
  yield* splitter.takeBlocks();
}

class MarkdownSplitter {
  #blocks: TextBlock[] = [];
  #path: readonly { readonly level: number; readonly title: string }[] = [];
  #paragraph: { start: number; end: number; lastLine: TextLine } | undefined;
  #code: { start: number; end: number; mark: string } | undefined;

  addLine(line: TextLine): void {
    if (this.#code !== undefined) return this.#addCodeLine(this.#code, line);
    const mark = fence.exec(line.text)?.[1];
    if (mark !== undefined) return this.#openCode(mark, line);
    const heading = parseHeading(line.text);
    if (heading !== undefined) return this.#addHeading(heading, line.start, line.end);
    if (line.text.trim() === '') return this.#closeParagraph();
    this.#addProseLine(line);
  }

  addCode(start: number, end: number): void {
    this.#blocks.push({ start, end, kind: 'code', headings: this.#titles() });
  }

  /** Returns the blocks that are complete and were not taken yet. */
  takeBlocks(): readonly TextBlock[] {
    const taken = this.#blocks;
    if (taken.length > 0) this.#blocks = [];
    return taken;
  }

  finish(): void {
    this.#closeParagraph();
    if (this.#code !== undefined) this.addCode(this.#code.start, this.#code.end);
  }

  #addProseLine(line: TextLine): void {
    const level = this.#underlineLevel(line);
    const title = this.#paragraph?.lastLine;
    if (level === undefined || title === undefined) {
      this.#paragraph = { start: this.#paragraph?.start ?? line.start, end: line.end, lastLine: line };
      return;
    }
    this.#closeParagraphBefore(title);
    this.#addHeading({ level, title: title.text.trim() }, title.start, line.end);
  }

  /** An underlined heading is made of one line of text; under a list item or a table row, dashes are something else. */
  #underlineLevel(line: TextLine): number | undefined {
    const mark = underline.exec(line.text)?.[1];
    if (mark === undefined || this.#paragraph === undefined) return undefined;
    if (startsList.test(this.#paragraph.lastLine.text)) return undefined;
    return mark.startsWith('=') ? 1 : 2;
  }

  #addHeading({ level, title }: Heading, start: number, end: number): void {
    this.#closeParagraph();
    this.#path = this.#path.filter((above) => above.level < level);
    this.#blocks.push({ start, end, kind: 'heading', headings: this.#titles() });
    if (title !== '')
      this.#path = [...this.#path, { level, title: title.slice(0, HEADING_CHARACTERS_MAX).toWellFormed() }];
  }

  #openCode(mark: string, line: TextLine): void {
    this.#closeParagraph();
    this.#code = { start: line.start, end: line.end, mark };
  }

  #addCodeLine(code: { start: number; end: number; mark: string }, line: TextLine): void {
    code.end = line.end;
    const text = line.text.trim();
    const isClosing = text.startsWith(code.mark) && text.replaceAll(code.mark.slice(0, 1), '') === '';
    if (!isClosing) return;
    this.addCode(code.start, code.end);
    this.#code = undefined;
  }

  #closeParagraph(): void {
    if (this.#paragraph !== undefined) this.#addProse(this.#paragraph.start, this.#paragraph.end);
    this.#paragraph = undefined;
  }

  #closeParagraphBefore(title: TextLine): void {
    const start = this.#paragraph?.start ?? title.start;
    if (start < title.start) this.#addProse(start, title.start);
    this.#paragraph = undefined;
  }

  #addProse(start: number, end: number): void {
    this.#blocks.push({ start, end, kind: 'prose', headings: this.#titles() });
  }

  #titles(): string[] {
    return this.#path.map(({ title }) => title);
  }
}

interface Heading {
  readonly level: number;
  readonly title: string;
}

/** Parses `## Title ##`. By hand: as a regular expression it would take quadratic time on a long run of spaces. */
function parseHeading(line: string): Heading | undefined {
  const level = /^ {0,3}(#{1,6})(?=[ \t\r]|$)/.exec(line)?.[1]?.length;
  if (level === undefined) return undefined;
  const rest = line.trim().slice(level).trim();
  let end = rest.length;
  while (end > 0 && rest[end - 1] === '#') end -= 1;
  const isClosed = end === 0 || rest[end - 1] === ' ';
  return { level, title: (isClosed ? rest.slice(0, end) : rest).trim() };
}

/** Returns where the front matter ends; 0 when there is none. */
function frontMatterEnd(text: string): number {
  if (!/^---[ \t\r]*\n/.test(text)) return 0;
  let count = 0;
  for (const line of linesOf(text)) {
    count += 1;
    if (count > FRONT_MATTER_LINES_MAX) return 0;
    if (count > 1 && line.text.trimEnd() === '---') return line.end;
  }
  return 0;
}
