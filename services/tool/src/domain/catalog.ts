import { isAllowed, type Principal } from '@gantry/identity';

import { toolNotFound } from '../errors.ts';
import type { CatalogEntry } from './ports.ts';
import type { Tool, ToolDefinition } from './tool.ts';

/** Knows which tools there are and who may use them. */
export interface Catalog {
  /** Lists what a principal may execute, in order of name. */
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
  const usable = ({ isEnabled, definition }: CatalogEntry, principal: Principal) =>
    // During a rolling update the catalog may hold a tool that only the newer version can run.
    isEnabled && builtinByName.has(definition.name) && isAllowed(principal, `tools/${definition.name}`, 'execute');
  return {
    async list(principal) {
      const entries = await loadTools(principal.tenantId);
      return entries.filter((entry) => usable(entry, principal)).map(({ definition }) => definition);
    },
    async find(principal, name) {
      const entries = await loadTools(principal.tenantId);
      const entry = entries.find(({ definition }) => definition.name === name);
      const builtin = builtinByName.get(name);
      if (entry === undefined || builtin === undefined || !usable(entry, principal)) throw toolNotFound(name);
      return { definition: entry.definition, run: builtin.run };
    },
  };
}
