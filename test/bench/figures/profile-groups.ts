import { readFileSync } from 'node:fs';

import { z } from 'zod';

import type { CallFrame, ProfiledNode } from './cpu-profile.ts';

const rule = z.object({
  group: z.string(),
  /** Regular expressions; a rule without one takes any. */
  function: z.string().optional(),
  url: z.string().optional(),
});

/** Says into which group a function falls; the first rule that fits decides. */
export interface GroupRule {
  readonly group: string;
  readonly function: RegExp | undefined;
  readonly url: RegExp | undefined;
}

/** Whoever called it is charged: functions of the engine, and of Node's small modules. */
const CALLER = 'caller';
const OTHER = 'other';

/** Reads the rules of profile-groups.json. */
export function readGroupRules(): readonly GroupRule[] {
  const text = readFileSync(new URL('profile-groups.json', import.meta.url), 'utf8');
  return z.array(rule).parse(JSON.parse(text)).map(toRule);
}

function toRule({ group, function: name, url }: z.output<typeof rule>): GroupRule {
  return {
    group,
    function: name === undefined ? undefined : new RegExp(name),
    url: url === undefined ? undefined : new RegExp(url),
  };
}

/** Adds up self times by group. */
export function groupSelfTimes(
  nodes: readonly ProfiledNode[],
  rules: readonly GroupRule[],
): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const node of nodes) {
    if (node.selfUs === 0) continue;
    const group = groupOf(node, rules);
    sums[group] = (sums[group] ?? 0) + node.selfUs;
  }
  return sums;
}

/** Returns the group of a node; of what is charged to the caller, the group of the nearest caller that has one. */
export function groupOf(node: ProfiledNode, rules: readonly GroupRule[]): string {
  for (let at: ProfiledNode | undefined = node; at !== undefined; at = at.parent) {
    const group = ruledGroup(at.frame, rules);
    if (group !== CALLER) return group;
  }
  return OTHER;
}

function ruledGroup({ functionName, url }: CallFrame, rules: readonly GroupRule[]): string {
  const fits = rules.find(
    ({ function: name, url: place }) => (name?.test(functionName) ?? true) && (place?.test(url) ?? true),
  );
  return fits?.group ?? OTHER;
}
