import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Says whether a path of a folder would reach the builder, given the text of its .dockerignore. */
export function createContextCheck(folder: string, ignoreText: string): (path: string) => boolean {
  const rules = ignoreText
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ isIgnored: !line.startsWith('!'), pattern: toPattern(line.replace(/^!/, '')) }));
  return (path) => existsSync(join(folder, path)) && !isIgnored(path, rules);
}

/** Reads the .dockerignore of a folder. */
export function readContextCheck(folder: string): (path: string) => boolean {
  return createContextCheck(folder, readFileSync(join(folder, '.dockerignore'), 'utf8'));
}

/** The last rule that matches the path or a folder above it decides. */
function isIgnored(path: string, rules: readonly { readonly isIgnored: boolean; readonly pattern: RegExp }[]): boolean {
  const segments = path.split('/');
  const prefixes = segments.map((_, index) => segments.slice(0, index + 1).join('/'));
  const rule = rules.findLast(({ pattern }) => prefixes.some((prefix) => pattern.test(prefix)));
  return rule?.isIgnored ?? false;
}

/** Translates `**` and `*`, which unlike in a shell match names that start with a dot. */
function toPattern(glob: string): RegExp {
  const source = glob
    .replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll(/\*\*\/|\*\*|\*/g, (stars) => (stars === '**/' ? '(?:.*/)?' : stars === '**' ? '.*' : '[^/]*'));
  return new RegExp(`^${source}$`);
}
