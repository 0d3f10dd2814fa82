/** Caps how many calls of each tool run at a time, so that one slow tool cannot take all of a process. */
export interface Bulkhead {
  /** Returns the release of a slot, or undefined when the tool has none left. */
  enter(tool: string): (() => void) | undefined;
  /** How many calls of a tool are running. */
  running(tool: string): number;
}

/** Creates a bulkhead with so many slots a tool. */
export function createBulkhead(slotsPerTool: number): Bulkhead {
  const runningByTool = new Map<string, number>();
  const running = (tool: string) => runningByTool.get(tool) ?? 0;
  return {
    running,
    enter(tool) {
      if (running(tool) >= slotsPerTool) return undefined;
      runningByTool.set(tool, running(tool) + 1);
      let isReleased = false;
      return () => {
        if (isReleased) return;
        isReleased = true;
        const left = running(tool) - 1;
        // A tool that rests takes no room: names come from the catalog, which changes.
        if (left === 0) runningByTool.delete(tool);
        else runningByTool.set(tool, left);
      };
    },
  };
}
