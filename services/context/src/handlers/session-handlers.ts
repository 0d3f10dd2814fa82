import { type Principal, requirePermission } from '@gantry/identity';
import type { ContextServiceDefinition } from '@gantry/protocol/gantry/context/v1/context_service';
import type { Handlers } from '@gantry/rpc';

import type { SessionStore } from '../domain/ports.ts';
import type { SessionKey } from '../domain/session.ts';
import { checkSessionId, fromAppendRequest } from './from-proto.ts';

/** The methods of ContextService that are about sessions. */
export type SessionHandlers = Pick<
  Handlers<ContextServiceDefinition>,
  'appendSessionContext' | 'getSessionContext' | 'deleteSessionContext'
>;

/** Creates the handlers of session windows. A session belongs to a user: its key is never taken from the request alone. */
export function createSessionHandlers(store: SessionStore, now: () => number): SessionHandlers {
  return {
    async appendSessionContext(request, { principal, signal }) {
      requirePermission(principal, 'sessions', 'write');
      const entries = fromAppendRequest(request);
      signal.throwIfAborted();
      const appended = await store.append(sessionOf(principal, request.sessionId), entries, now());
      return { ...appended, contentBytes: BigInt(appended.contentBytes) };
    },
    async getSessionContext({ sessionId }, { principal, signal }) {
      requirePermission(principal, 'sessions', 'read');
      checkSessionId(sessionId);
      signal.throwIfAborted();
      const { entries, contentBytes } = await store.read(sessionOf(principal, sessionId), now());
      return {
        entries: entries.map(({ appendedAtMs, ...entry }) => ({ ...entry, appendedAt: new Date(appendedAtMs) })),
        contentBytes: BigInt(contentBytes),
      };
    },
    async deleteSessionContext({ sessionId }, { principal, signal }) {
      requirePermission(principal, 'sessions', 'write');
      checkSessionId(sessionId);
      signal.throwIfAborted();
      await store.delete(sessionOf(principal, sessionId));
      return {};
    },
  };
}

function sessionOf({ tenantId, userId }: Principal, sessionId: string): SessionKey {
  return { tenantId, userId, sessionId };
}
