import { readFile, writeFile } from 'node:fs/promises';

import { z } from 'zod';

import { describeMachine } from './report/machine.ts';

const file = new URL('baseline.json', import.meta.url);
const shape = z.record(z.string(), z.record(z.string(), z.number()));

const DIGITS = 3;

/** Reads the ratios that were recorded on a machine like this one, times raw-http, by name; none when none were. */
export async function readBaseline(): Promise<Readonly<Record<string, number>>> {
  return (await readAll())[machineName()] ?? {};
}

/** Records ratios for machines like this one; those of names that were not measured stay. */
export async function recordBaseline(ratios: Readonly<Record<string, number>>): Promise<void> {
  const rounded = Object.entries(ratios).map(([name, ratio]) => [name, Number(ratio.toFixed(DIGITS))] as const);
  const own = { ...(await readBaseline()), ...Object.fromEntries(rounded) };
  await writeFile(file, `${JSON.stringify({ ...(await readAll()), [machineName()]: own }, undefined, 2)}\n`);
}

async function readAll(): Promise<Readonly<Record<string, Readonly<Record<string, number>>>>> {
  return shape.parse(JSON.parse(await readFile(file, 'utf8')));
}

/** A ratio depends on what a system call costs beside a line of JavaScript: it doubles from one processor to another. */
function machineName(): string {
  const { cpu, cores } = describeMachine();
  return `${cpu}, ${cores} cores`;
}
