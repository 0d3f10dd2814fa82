import { z } from 'zod';

const callFrame = z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() });
const profileShape = z.object({
  nodes: z.array(z.object({ id: z.number(), callFrame, children: z.array(z.number()).default([]) })),
  /** Microseconds on the monotonic clock of the machine. */
  startTime: z.number(),
  samples: z.array(z.number()),
  /** Microseconds since the sample before. */
  timeDeltas: z.array(z.number()),
});

/** A function on the stack, as V8 names it. */
export type CallFrame = z.output<typeof callFrame>;

/** A function, where it was called from, and the time it was on top of the stack itself. */
export interface ProfiledNode {
  readonly frame: CallFrame;
  readonly parent: ProfiledNode | undefined;
  selfUs: number;
}

/** A part of a profile, on the monotonic clock. */
export interface ProfileWindow {
  readonly fromUs: number;
  readonly toUs: number;
}

/** Reads a `.cpuprofile` and returns the self time of each node within a window: without start, warm-up and end. */
export function readCpuProfile(json: string, window: ProfileWindow): readonly ProfiledNode[] {
  const { nodes, samples, timeDeltas, startTime } = profileShape.parse(JSON.parse(json));
  const byId = linkNodes(nodes);
  let atUs = startTime;
  for (const [index, id] of samples.entries()) {
    atUs += timeDeltas[index] ?? 0;
    const lastedUs = timeDeltas[index + 1] ?? 0;
    const node = byId.get(id);
    // A sample stands for the time until the next one. Deltas below zero happen: V8 takes samples on another thread.
    if (node !== undefined && atUs >= window.fromUs && atUs < window.toUs) node.selfUs += Math.max(0, lastedUs);
  }
  return [...byId.values()];
}

function linkNodes(nodes: z.output<typeof profileShape>['nodes']): ReadonlyMap<number, ProfiledNode> {
  const parentIds = new Map(nodes.flatMap(({ id, children }) => children.map((child) => [child, id] as const)));
  const byId = new Map<number, ProfiledNode>();
  // V8 writes parents before their children.
  for (const { id, callFrame: frame } of nodes) {
    byId.set(id, { frame, parent: byId.get(parentIds.get(id) ?? 0), selfUs: 0 });
  }
  return byId;
}
