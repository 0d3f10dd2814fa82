import { randomUUID } from 'node:crypto';

import { requirePermission } from '@gantry/identity';
import type {
  ContextServiceDefinition,
  GetContextRequest,
  SearchRequest,
} from '@gantry/protocol/gantry/context/v1/context_service';
import { ContextServiceDefinition as definition } from '@gantry/protocol/gantry/context/v1/context_service';
import { type CallContext, type Handlers, unimplemented } from '@gantry/rpc';

import { SOURCE_CHARACTERS_MAX } from '../domain/check-document.ts';
import { findPassages } from '../domain/find-passages.ts';
import type { DocumentStore, SessionStore } from '../domain/ports.ts';
import { sourceNotFound } from '../errors.ts';
import type { ContextMetrics } from '../metrics.ts';
import { fromSearchToken, toSearchToken } from './page-token.ts';
import { RequestChecker } from './request-checker.ts';
import { createSessionHandlers } from './session-handlers.ts';
import { toContextItems, toSource } from './to-proto.ts';

/** The limits of context_service.proto. */
export const QUERY_CHARACTERS_MAX = 4_096;
export const RESULTS_MAX = 50;
export const SEARCH_DEPTH_MAX = 1_000;
const LISTED_SOURCES_MAX = 1_000;
const RESULTS_DEFAULT = 10;

/** More sources than this in one question are no choice any more; all of them is the empty list. */
export const QUESTION_SOURCES_MAX = 100;

/** What the handlers need. */
export interface ContextHandlersDeps {
  readonly documents: Pick<DocumentStore, 'rank' | 'listSources' | 'hasSource'>;
  readonly sessions: SessionStore;
  readonly metrics: Pick<ContextMetrics, 'observeMatches'>;
  readonly now: () => number;
}

/** Creates the handlers of ContextService. */
export function createContextHandlers(deps: ContextHandlersDeps): Handlers<ContextServiceDefinition> {
  return {
    ...createSessionHandlers(deps.sessions, deps.now),
    getContext: (request, context) => getContext(deps, request, context),
    streamContext: unimplemented(definition).streamContext,
    search: (request, context) => search(deps, request, context),
    async listSources(_request, { principal, signal }) {
      requirePermission(principal, 'context', 'read');
      signal.throwIfAborted();
      const sources = await deps.documents.listSources(principal.tenantId, LISTED_SOURCES_MAX);
      return { sources: sources.map(toSource) };
    },
  };
}

async function getContext(deps: ContextHandlersDeps, request: GetContextRequest, { principal, signal }: CallContext) {
  requirePermission(principal, 'context', 'read');
  const { query, sources, maxResults, onePerDocument } = request;
  const checker = checkQuery(query)
    .size('max_results', maxResults, RESULTS_MAX)
    .count('sources', sources.length, QUESTION_SOURCES_MAX);
  for (const source of sources) checker.text('sources', source, { charactersMax: SOURCE_CHARACTERS_MAX });
  checker.done();
  const limit = maxResults || RESULTS_DEFAULT;
  const question = { tenantId: principal.tenantId, query, sources, onePerDocument, limit, offset: 0 };
  const ranked = await findPassages(deps.documents, question, signal);
  deps.metrics.observeMatches(ranked.total);
  return { items: toContextItems(ranked), total: BigInt(ranked.total), queryId: randomUUID() };
}

async function search(deps: ContextHandlersDeps, request: SearchRequest, { principal, signal }: CallContext) {
  requirePermission(principal, 'context', 'read');
  const { query, source, pageSize, pageToken } = request;
  checkQuery(query)
    .text('source', source, { charactersMax: SOURCE_CHARACTERS_MAX })
    .size('page_size', pageSize, RESULTS_MAX)
    .done();
  const { tenantId } = principal;
  const asked = [query, source];
  const offset = fromSearchToken(pageToken, asked, SEARCH_DEPTH_MAX);
  if (source !== '' && !(await deps.documents.hasSource(tenantId, source))) throw sourceNotFound(source);
  const limit = Math.min(pageSize || RESULTS_DEFAULT, SEARCH_DEPTH_MAX - offset);
  const sources = source === '' ? [] : [source];
  const ranked = await findPassages(
    deps.documents,
    { tenantId, query, sources, onePerDocument: false, limit, offset },
    signal,
  );
  deps.metrics.observeMatches(ranked.total);
  const end = offset + ranked.passages.length;
  const hasMore = ranked.passages.length > 0 && end < Math.min(ranked.resultCount, SEARCH_DEPTH_MAX);
  return {
    items: toContextItems(ranked),
    total: BigInt(ranked.total),
    nextPageToken: hasMore ? toSearchToken(end, asked) : '',
    queryId: randomUUID(),
  };
}

function checkQuery(query: string): RequestChecker {
  const checker = new RequestChecker();
  if (query !== '' && query.trim() === '') return checker.violation('query', 'must not be blank');
  return checker.text('query', query, { charactersMin: 1, charactersMax: QUERY_CHARACTERS_MAX });
}
