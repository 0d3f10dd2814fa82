/** Writes a value as one line of JSON, for machines. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Writes text for people, with a line end. */
export function printText(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Writes text that somebody else wrote: as it is into a file or pipe, without control characters on a terminal. */
export function printForeign(text: string): void {
  printText(process.stdout.isTTY ? printable(text) : text);
}

/** Returns rows as aligned columns under a header, one line each. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows].map((row) => row.map(singleLine));
  const widths = header.map((_, column) => all.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0));
  return all.map((row) => formatRow(row, widths)).join('\n');
}

/** Returns text without the control characters that could rewrite the terminal; tabs and line ends stay. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, '');
}

/** Returns a count and what is counted, in the plural unless it is one. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Returns text as one line without control characters. */
export function singleLine(text: string): string {
  return printable(text.replaceAll(/\s+/g, ' ')).trim();
}

function formatRow(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
  return cells.join('  ').trimEnd();
}
