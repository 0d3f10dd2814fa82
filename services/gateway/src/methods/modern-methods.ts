import { strict as assert } from 'node:assert';

import { MODERN_VERSIONS } from '../json-rpc/dialect.ts';
import type { MethodTable } from './method-table.ts';
import type { Method } from './method.ts';
import { cachedResultHead, PLAIN_RESULT_HEAD, withHead } from './modern-result.ts';
import { INSTRUCTIONS } from './protocol-methods.ts';

/** What a gateway can do changes with an upgrade of it; an hour after that every client knows. */
const DISCOVERED = { ttlMs: 3_600_000, cacheScope: 'public' } as const;

/** What somebody may see changes with their permissions and with what others do, and nobody is told yet: ask each time. */
const UNCACHED = { ttlMs: 0, cacheScope: 'private' } as const;

/**
 * Creates the methods of the modern dialect out of those that all dialects share. It has no others: what a client of a
 * stateless revision may call is what the revision says, and Gantry's own methods are reached as tools or natively.
 */
export function createModernMethods(shared: MethodTable): MethodTable {
  const uncachedHead = cachedResultHead(UNCACHED);
  const uncached = (name: string) => [name, withResultHead(methodOf(shared, name), uncachedHead)] as const;
  return new Map([
    ['server/discover', withResultHead(discover, cachedResultHead(DISCOVERED))],
    uncached('tools/list'),
    ['tools/call', withResultHead(methodOf(shared, 'tools/call'), PLAIN_RESULT_HEAD)],
    uncached('resources/list'),
    uncached('resources/templates/list'),
    uncached('resources/read'),
    ['notifications/cancelled', methodOf(shared, 'notifications/cancelled')],
  ]);
}

const DISCOVERY = JSON.stringify({
  supportedVersions: MODERN_VERSIONS,
  capabilities: { tools: {}, resources: {} },
  instructions: INSTRUCTIONS,
});

const discover: Method = { handle: () => DISCOVERY };

function withResultHead(method: Method, head: string): Method {
  return { ...method, handle: async (params, call) => withHead(head, await method.handle(params, call)) };
}

function methodOf(methods: MethodTable, name: string): Method {
  const method = methods.get(name);
  assert(method !== undefined, `there is no method ${name}`);
  return method;
}
