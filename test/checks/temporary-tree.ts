import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Is a folder outside of the repository that goes away when it is disposed. */
export interface TemporaryTree extends Disposable {
  readonly folder: string;
}

/** Writes files, by path, into a new folder. */
export function createTree(contentByPath: Readonly<Record<string, string>>): TemporaryTree {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-tree-'));
  for (const [path, content] of Object.entries(contentByPath)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}
