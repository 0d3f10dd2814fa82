import { readFile, writeFile } from 'node:fs/promises';

import { z } from 'zod';

const file = new URL('baseline.json', import.meta.url);
const shape = z.object({ ratios: z.record(z.string(), z.number()) });

const DIGITS = 3;

/** Reads the recorded ratios, times raw-http, by name. */
export async function readBaseline(): Promise<Readonly<Record<string, number>>> {
  return shape.parse(JSON.parse(await readFile(file, 'utf8'))).ratios;
}

/** Records ratios; those of names that were not measured stay. */
export async function recordBaseline(ratios: Readonly<Record<string, number>>): Promise<void> {
  const rounded = Object.entries(ratios).map(([name, ratio]) => [name, Number(ratio.toFixed(DIGITS))] as const);
  const all = { ...(await readBaseline()), ...Object.fromEntries(rounded) };
  await writeFile(file, `${JSON.stringify({ ratios: all }, undefined, 2)}\n`);
}
