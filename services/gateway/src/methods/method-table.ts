import type { Backends } from '../clients/backends.ts';
import type { Dialect } from '../json-rpc/dialect.ts';
import { createAuditMethods } from './audit-methods.ts';
import { createContextMethods } from './context-methods.ts';
import { createDocumentMethods } from './document-methods.ts';
import { createKeyMethods } from './key-methods.ts';
import type { Method } from './method.ts';
import { createModernMethods } from './modern-methods.ts';
import { createPolicyMethods } from './policy-methods.ts';
import { createProtocolMethods } from './protocol-methods.ts';
import { createResourceMethods } from './resource-methods.ts';
import { createSessionMethods } from './session-methods.ts';
import { createSubscriptionMethods } from './subscription-methods.ts';
import { createToolMethods } from './tool-methods.ts';

/** Methods by name. */
export type MethodTable = ReadonlyMap<string, Method>;

/** The methods that a client may call, by its dialect. */
export type MethodTables = Readonly<Record<Dialect, MethodTable>>;

/** Creates the tables of all dialects. */
export function createMethodTables(backends: Backends, contextItemsMax: number): MethodTables {
  const shared = createSharedMethods(backends, contextItemsMax);
  return { native: shared, legacy: shared, modern: createModernMethods(shared) };
}

/** Creates the table of the native and of the legacy dialect. */
function createSharedMethods(backends: Backends, contextItemsMax: number): MethodTable {
  return new Map(
    Object.entries({
      ...createProtocolMethods(contextItemsMax),
      ...createContextMethods({ context: backends.context, itemsMax: contextItemsMax }),
      ...createSessionMethods(backends.context),
      ...createDocumentMethods(backends.documents),
      ...createToolMethods(backends.tools),
      ...createResourceMethods(backends.resources),
      ...createSubscriptionMethods(backends.resources),
      ...createKeyMethods(backends.keys),
      ...createPolicyMethods(backends.policy),
      ...createAuditMethods(backends.audit),
    }),
  );
}
