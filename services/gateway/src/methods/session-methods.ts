import type { ContextClient } from '../clients/backends.ts';
import { type Methods, needs } from './method.ts';
import type { Params } from './params.ts';

/** ContextService's limit of one append. */
const ENTRIES_MAX = 100;

/** Creates `session/*`. */
export function createSessionMethods(
  context: Pick<ContextClient, 'appendSessionContext' | 'getSessionContext' | 'deleteSessionContext'>,
): Methods {
  return {
    'session/append': {
      permission: needs('sessions', 'write'),
      targetParam: 'sessionId',
      async handle(params, { options }) {
        const sessionId = params.text('sessionId');
        const entries = params.objects('entries', ENTRIES_MAX).map(toEntry);
        const window = await context.appendSessionContext({ sessionId, entries }, options);
        return JSON.stringify({
          sessionId,
          entry_count: window.entryCount,
          content_bytes: Number(window.contentBytes),
          trimmed_count: window.trimmedCount,
        });
      },
    },
    'session/get': {
      permission: needs('sessions', 'read'),
      targetParam: 'sessionId',
      async handle(params, { options }) {
        const sessionId = params.text('sessionId');
        const window = await context.getSessionContext({ sessionId }, options);
        return JSON.stringify({
          sessionId,
          entries: window.entries.map(({ entryId, role, content, appendedAt }) => ({
            id: entryId,
            role,
            content,
            timestamp: appendedAt?.toISOString() ?? null,
          })),
          content_bytes: Number(window.contentBytes),
        });
      },
    },
    'session/delete': {
      permission: needs('sessions', 'write'),
      targetParam: 'sessionId',
      async handle(params, { options }) {
        const sessionId = params.text('sessionId');
        await context.deleteSessionContext({ sessionId }, options);
        return JSON.stringify({ sessionId, deleted: true });
      },
    },
  };
}

function toEntry(entry: Params) {
  return {
    entryId: entry.text('id'),
    role: entry.text('role'),
    content: entry.text('content'),
    appendedAt: undefined,
  };
}
