import { createHash } from 'node:crypto';

import type { ToolDefinition } from '../domain/tool.ts';

/** Returns the SHA-256 of a definition, whatever the order its fields were written in. */
export function definitionHash(definition: ToolDefinition): Buffer {
  return createHash('sha256').update(canonicalJson(definition)).digest();
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, child: unknown) =>
    typeof child === 'object' && child !== null && !Array.isArray(child)
      ? Object.fromEntries(Object.entries(child).sort(([a], [b]) => (a < b ? -1 : 1)))
      : child,
  );
}
