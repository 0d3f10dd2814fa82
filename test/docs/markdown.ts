import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from '../checks/repository.ts';

/** Reads a file of this repository as text. */
export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Lists what a pattern matches, without dependencies and what tools have written. */
export function listFiles(pattern: string): readonly string[] {
  return globSync(pattern, {
    cwd: root,
    exclude: (name) => /(^|\/)(node_modules|\.git|\.gantry|\.tsc|\.turbo)$/.test(name),
  });
}

/** A part of a file, as a document quotes it. */
export interface Excerpt {
  readonly path: string;
  readonly text: string;
}

/** Finds every code block that stands below a line `path`: (a path in backticks, and a colon). */
export function excerptsOf(markdown: string): readonly Excerpt[] {
  const blocks = markdown.matchAll(/^`([^`\n]+)`:\n\n?```\w*\n([\s\S]*?)\n```$/gm);
  return [...blocks].map(([, path = '', text = '']) => ({ path, text }));
}

/**
 * Returns the pieces of an excerpt that a file does not contain. A line with `…` alone leaves something out; white space and
 * trailing commas do not count, because formatters change them.
 */
export function missingPieces(excerpt: string, content: string): readonly string[] {
  const pieces = excerpt.split(/^\s*…\s*$/m).map((piece) => piece.trim());
  const text = collapse(content);
  return pieces.filter((piece) => !text.includes(collapse(piece)));
}

/** Returns the cells of every row of every table whose first header is `firstHeader`, the headers left out. */
export function rowsOf(markdown: string, firstHeader: string): readonly (readonly string[])[] {
  const rows: (readonly string[])[] = [];
  let isInside = false;
  for (const line of markdown.split('\n')) {
    const cells = line.startsWith('|') ? cellsOf(line) : [];
    if (cells.length === 0) isInside = false;
    else if (cells[0] === firstHeader) isInside = true;
    else if (isInside && !/^-+$/.test(cells[0] ?? '')) rows.push(cells);
  }
  return rows;
}

/** Returns what stands in backticks. */
export function codeSpansOf(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

function cellsOf(line: string): readonly string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** What is left when a formatter has had its way: no white space, no comma before a closing bracket. */
function collapse(text: string): string {
  return text.replaceAll(/\s+/g, '').replaceAll(/,(?=[)\]}]|$)/g, '');
}
