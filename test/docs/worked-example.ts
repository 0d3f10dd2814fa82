import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { root } from '../checks/repository.ts';
import { codeSpansOf, excerptsOf, missingPieces, readText, rowsOf } from './markdown.ts';

/** Says what a worked example claims of the code that is not so. */
export function untruthsOf(document: string): readonly string[] {
  const markdown = readText(document);
  return [...untrueRows(markdown), ...untrueExcerpts(markdown)];
}

/** A row of a table of files: in the first cell a file, in the second what it contains. */
function untrueRows(markdown: string): readonly string[] {
  return rowsOf(markdown, 'file').flatMap(([file = '', contains = '']) => {
    const [path = file] = codeSpansOf(file);
    const content = contentOf(path);
    if (content === undefined) return [`${path} does not exist`];
    return codeSpansOf(contains)
      .filter((text) => !content.includes(text))
      .map((text) => `${path} does not contain ${text}`);
  });
}

function untrueExcerpts(markdown: string): readonly string[] {
  return excerptsOf(markdown).flatMap(({ path, text }) => {
    const content = contentOf(path);
    if (content === undefined) return [`${path} does not exist`];
    return missingPieces(text, content).map((piece) => `${path} does not contain: ${piece}`);
  });
}

function contentOf(path: string): string | undefined {
  return existsSync(join(root, path)) ? readText(path) : undefined;
}
