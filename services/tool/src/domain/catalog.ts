import { isAllowed, type Principal } from '@gantry/identity';

import { toolNotFound } from '../errors.ts';
import { memoise } from './memoise.ts';
import type { CatalogEntry } from './ports.ts';
import type { Tool, ToolDefinition } from './tool.ts';

/** Knows which tools there are and who may use them. */
export interface Catalog {
  /** Lists what a principal may execute, in order of name. Whoever may execute all gets one and the same list. */
  list(principal: Principal): Promise<readonly ToolDefinition[]>;
  /**
   * Returns a tool that a principal may execute.
   *
   * @throws {AppError} TOOL_NOT_FOUND, also for one that it may not: what is forbidden is invisible.
   */
  find(principal: Principal, name: string): Promise<Tool>;
}

/** What a catalog is made of. */
export interface CatalogDeps {
  /** Loads the tools of a tenant. */
  readonly loadTools: (tenantId: string) => Promise<readonly CatalogEntry[]>;
  /** The code behind the tools that come with this version. */
  readonly builtins: readonly Tool[];
}

/** Creates the catalog: rows say which tools there are, code says how they run. */
export function createCatalog({ loadTools, builtins }: CatalogDeps): Catalog {
  const builtinByName = new Map(builtins.map((tool) => [tool.definition.name, tool]));
  const canRun = ({ isEnabled, definition }: CatalogEntry) =>
    // During a rolling update the catalog may hold a tool that only the newer version can run.
    isEnabled && builtinByName.has(definition.name);
  const mayRun = ({ name }: ToolDefinition, principal: Principal) => isAllowed(principal, `tools/${name}`, 'execute');
  /** Of entries as they were loaded: as long as those are kept. */
  const runnableOf = memoise((entries: readonly CatalogEntry[]) =>
    entries.filter(canRun).map(({ definition }) => definition),
  );
  return {
    async list(principal) {
      const runnable = runnableOf(await loadTools(principal.tenantId));
      // Most may execute all tools. They get the same list, so that it is written once for all of them.
      if (isAllowed(principal, 'tools', 'execute')) return runnable;
      return runnable.filter((definition) => mayRun(definition, principal));
    },
    async find(principal, name) {
      const entries = await loadTools(principal.tenantId);
      const entry = entries.find(({ definition }) => definition.name === name);
      const builtin = builtinByName.get(name);
      if (entry === undefined || builtin === undefined || !canRun(entry)) throw toolNotFound(name);
      if (!mayRun(entry.definition, principal)) throw toolNotFound(name);
      return { definition: entry.definition, run: builtin.run };
    },
  };
}
