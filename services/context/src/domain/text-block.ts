/** A stretch of a text that belongs together: a heading, a paragraph, a block of code. */
export interface TextBlock {
  /** Where it starts, in UTF-16 units. */
  readonly start: number;
  /** Where it ends, exclusive. */
  readonly end: number;
  readonly kind: 'heading' | 'prose' | 'code';
  /** The headings it stands under, outermost first; of a heading, those above it. */
  readonly headings: readonly string[];
}

/** A line of a text. */
export interface TextLine {
  readonly start: number;
  /** Where its characters end, the line break not included. */
  readonly end: number;
  readonly text: string;
}

/** Walks through the lines of a text; breaks at LF, so that CR of CRLF stays at the end of a line as white space. */
export function* linesOf(text: string): Generator<TextLine> {
  for (let start = 0; start < text.length;) {
    const lineBreak = text.indexOf('\n', start);
    const end = lineBreak === -1 ? text.length : lineBreak;
    yield { start, end, text: text.slice(start, end) };
    start = end + 1;
  }
}

/** Splits plain text into its paragraphs: what stands between blank lines. */
export function* splitParagraphs(text: string): Generator<TextBlock> {
  let open: { readonly start: number; readonly end: number } | undefined;
  for (const line of linesOf(text)) {
    const isBlank = line.text.trim() === '';
    if (isBlank && open !== undefined) yield { ...open, kind: 'prose', headings: [] };
    open = isBlank ? undefined : { start: open?.start ?? line.start, end: line.end };
  }
  if (open !== undefined) yield { ...open, kind: 'prose', headings: [] };
}
