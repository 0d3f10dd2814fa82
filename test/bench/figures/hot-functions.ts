import type { ProfiledNode } from './cpu-profile.ts';

/** So many are shown: further ones cost less than what is noise. */
const SHOWN_MAX = 25;

/** A function that was seen on top of the stack. */
export interface HotFunction {
  readonly name: string;
  /** Where it stands: the end of the path, and the line. */
  readonly place: string;
  readonly usPerRequest: number;
}

/** Adds up the self time of each function over all its callers, and returns the largest. */
export function hottest(nodes: readonly ProfiledNode[], requests: number): HotFunction[] {
  const sums = new Map<string, HotFunction>();
  for (const { frame, selfUs } of nodes) {
    const name = frame.functionName || '(anonymous)';
    const place = frame.url === '' ? '' : `${shorten(frame.url)}:${frame.lineNumber + 1}`;
    const key = `${name} ${place}`;
    const usPerRequest = (sums.get(key)?.usPerRequest ?? 0) + selfUs / requests;
    sums.set(key, { name, place, usPerRequest });
  }
  return [...sums.values()].toSorted((a, b) => b.usPerRequest - a.usPerRequest).slice(0, SHOWN_MAX);
}

/** Leaves out the folders of this machine. */
function shorten(url: string): string {
  return url.replace(/^.*\/(?=node_modules\/|packages\/|services\/)/, '');
}
