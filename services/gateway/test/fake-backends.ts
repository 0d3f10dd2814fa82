import { AppError } from '@gantry/errors';
import {
  ContextItem,
  ContextServiceDefinition,
  type GetContextRequest,
  type SessionEntry,
} from '@gantry/protocol/gantry/context/v1/context_service';
import {
  type Document,
  DocumentServiceDefinition,
  UpsertOutcome,
} from '@gantry/protocol/gantry/context/v1/document_service';
import {
  ReadResourceResponse,
  Resource,
  ResourceServiceDefinition,
  ResourceTemplate,
  type WatchResourceResponse,
} from '@gantry/protocol/gantry/resource/v1/resource_service';
import {
  type CallToolRequest,
  type CallToolResponse,
  Tool,
  ToolServiceDefinition,
} from '@gantry/protocol/gantry/tool/v1/tool_service';
import { bindService, type CallContext, type Handlers, unimplemented } from '@gantry/rpc';

type ContextHandlers = Handlers<typeof ContextServiceDefinition>;
type ToolHandlers = Handlers<typeof ToolServiceDefinition>;
type ResourceHandlers = Handlers<typeof ResourceServiceDefinition>;

/** Replaces single handlers of the fakes. */
export interface FakeOverrides {
  readonly context?: Partial<ContextHandlers>;
  readonly tool?: Partial<ToolHandlers>;
  readonly resource?: Partial<ResourceHandlers>;
}

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const NO_BYTES = new Uint8Array(0);

export const passage = ContextItem.create({
  id: 'p1',
  content: '# Rates\n\nThe **rate** is [here](https://example.com).',
  type: 'document',
  source: 'handbook',
  relevance: 1,
  score: 7.5,
  timestamp: new Date('2025-11-22T10:00:00Z'),
  sourceUrl: 'https://example.com/doc',
  documentId: 'd1',
  title: 'Rates',
  metadataJson: bytes({ author: 'ann', relevance: 'overwritten' }),
});

/** Stands in for the context service. */
export function fakeContextServices({ context = {} }: FakeOverrides, calls: CallContext[]) {
  const sessions = new Map<string, SessionEntry[]>();
  const handlers: ContextHandlers = {
    ...unimplemented(ContextServiceDefinition),
    getContext: async ({ query }: GetContextRequest, call) => {
      calls.push(call);
      return query === 'nothing'
        ? { items: [], total: 0n, queryId: 'q0' }
        : { items: [passage], total: 12n, queryId: 'q1' };
    },
    search: async ({ source, pageToken }) => {
      if (source === 'missing') throw notFound('SOURCE_NOT_FOUND', 'there is no source of this name');
      return { items: [passage], total: 2n, nextPageToken: pageToken === '' ? 'more' : '', queryId: 'q2' };
    },
    listSources: async () => ({
      sources: [{ name: 'handbook', documentCount: 3n, passageCount: 9n, updatedAt: new Date(0) }],
    }),
    appendSessionContext: async ({ sessionId, entries }) => {
      sessions.set(sessionId, [...(sessions.get(sessionId) ?? []), ...entries]);
      return { entryCount: sessions.get(sessionId)?.length ?? 0, contentBytes: 5n, trimmedCount: 0 };
    },
    getSessionContext: async ({ sessionId }) => ({ entries: sessions.get(sessionId) ?? [], contentBytes: 5n }),
    deleteSessionContext: async ({ sessionId }) => {
      sessions.delete(sessionId);
      return {};
    },
    ...context,
  };
  return [bindService(ContextServiceDefinition, handlers), fakeDocumentService()];
}

function fakeDocumentService() {
  const documents: Document[] = [];
  return bindService(DocumentServiceDefinition, {
    ...unimplemented(DocumentServiceDefinition),
    upsertDocuments: async (request) => {
      documents.push(...request.documents);
      return {
        results: request.documents.map(({ documentId, text }) => ({
          documentId,
          outcome: text === 'bad' ? UpsertOutcome.UPSERT_OUTCOME_REFUSED : UpsertOutcome.UPSERT_OUTCOME_CREATED,
          error: text === 'bad' ? 'the text is bad' : '',
          passageCount: 1,
        })),
      };
    },
    deleteDocuments: async ({ documentIds }) => ({ deletedCount: documentIds.length - 1, missingCount: 1 }),
    listDocuments: async () => ({
      documents: documents.map(({ documentId, source, title, sourceUrl, timestamp }) => ({
        documentId,
        source,
        title,
        sourceUrl,
        timestamp,
        updatedAt: new Date(0),
        textBytes: 4n,
        passageCount: 1,
      })),
      nextPageToken: '',
    }),
  });
}

const echoSchema = { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] };

/** Stands in for the tool service: `echo`, `fail` (runs and fails), `busy`, `crash` (a bug). */
export function fakeToolServices({ tool = {} }: FakeOverrides) {
  const handlers: ToolHandlers = {
    listTools: async ({ pageToken }) => ({
      tools: [],
      nextPageToken: pageToken === '' ? 'page-2' : '',
      toolsJson: bytes([
        {
          name: pageToken === '' ? 'echo' : 'second',
          title: 'Echo',
          description: 'Returns its message.',
          inputSchema: echoSchema,
          annotations: { readOnlyHint: true },
        },
      ]),
    }),
    getTool: async ({ name }) => {
      if (name !== 'echo') throw toolNotFound(name);
      return { tool: Tool.create({ name, inputSchemaJson: bytes(echoSchema) }) };
    },
    callTool,
    ...tool,
  };
  return [bindService(ToolServiceDefinition, handlers)];
}

async function* callTool({ name, argumentsJson }: CallToolRequest): AsyncGenerator<CallToolResponse> {
  if (name === 'busy') {
    throw new AppError({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'TOOL_BUSY',
      message: 'the tool is busy',
      retryAfterMs: 1_500,
    });
  }
  if (name === 'crash') throw new Error('the password is hunter2');
  if (name !== 'echo' && name !== 'fail') throw toolNotFound(name);
  const given: unknown = JSON.parse(new TextDecoder().decode(argumentsJson) || '{}');
  const message = typeof given === 'object' && given !== null && 'message' in given ? given.message : undefined;
  if (typeof message !== 'string') {
    throw new AppError({
      code: 'INVALID_ARGUMENT',
      reason: 'TOOL_ARGUMENTS_INVALID',
      message: 'the arguments do not fit the schema of the tool',
      fieldViolations: [{ field: 'message', description: 'must be a string' }],
    });
  }
  yield { event: { $case: 'progress', value: { progress: 1, total: 2, message: 'half' } } };
  const value = {
    contentJson: bytes([{ type: 'text', text: message }]),
    structuredContentJson: name === 'echo' ? new TextEncoder().encode('{"big":9007199254740993}') : NO_BYTES,
    isError: name === 'fail',
    metaJson: NO_BYTES,
  };
  yield { event: { $case: 'result', value } };
}

/** Stands in for the resource service: `file:///a.md` and what a test changes it to. */
/** What a resource of plain text is read as. */
export function textRead(uri: string, value: string): ReadResourceResponse {
  const content = { $case: 'text', value } as const;
  return ReadResourceResponse.create({ uri, mimeType: 'text/plain', content, version: 'v1', fetchedAt: new Date(0) });
}

export class FakeResources {
  readonly versionByUri = new Map([
    ['file:///a.md', 'v1'],
    ['file:///a.bin', 'v1'],
  ]);
  /** The permissions that each watch was opened with. */
  readonly watchedWith: (readonly string[])[] = [];
  readonly #watchers = new Set<() => void>();

  get watcherCount(): number {
    return this.#watchers.size;
  }

  change(uri: string, version: string | undefined): void {
    if (version === undefined) this.versionByUri.delete(uri);
    else this.versionByUri.set(uri, version);
    for (const tell of this.#watchers) tell();
  }

  services({ resource = {} }: FakeOverrides) {
    const watchResource: ResourceHandlers['watchResource'] = ({ uri }, { signal, principal }) => {
      this.watchedWith.push(principal.permissions);
      return this.#watch(uri, signal);
    };
    const handlers: ResourceHandlers = {
      listResources: async ({ scheme }) => ({
        resources: [
          Resource.create({
            uri: `${scheme || 'file'}:///a.md`,
            name: 'a.md',
            mimeType: 'text/markdown',
            sizeBytes: 5n,
          }),
        ],
        nextPageToken: '',
      }),
      listResourceTemplates: async () => ({
        templates: [ResourceTemplate.create({ uriTemplate: 'file:///{path}', name: 'files' })],
      }),
      readResource: async ({ uri }) => this.#read(uri),
      watchResource,
      ...resource,
    };
    return [bindService(ResourceServiceDefinition, handlers)];
  }

  #read(uri: string): ReadResourceResponse {
    const version = this.versionByUri.get(uri);
    if (uri.startsWith('ftp:')) {
      throw new AppError({
        code: 'INVALID_ARGUMENT',
        reason: 'RESOURCE_SCHEME_UNKNOWN',
        message: 'no connector serves the scheme "ftp"',
      });
    }
    if (uri === 'http://10.0.0.1/') {
      throw new AppError({
        code: 'PERMISSION_DENIED',
        reason: 'RESOURCE_ADDRESS_FORBIDDEN',
        message: 'only public addresses can be read',
      });
    }
    if (uri === 'file:///huge') {
      throw new AppError({
        code: 'RESOURCE_EXHAUSTED',
        reason: 'RESOURCE_TOO_LARGE',
        message: 'the resource is too long',
      });
    }
    if (version === undefined) throw resourceNotFound(uri);
    const isBlob = uri.endsWith('.bin');
    return {
      uri,
      mimeType: isBlob ? 'application/octet-stream' : 'text/markdown',
      content: isBlob ? { $case: 'blob', value: new Uint8Array([1, 2, 3]) } : { $case: 'text', value: 'hello' },
      version,
      fromCache: false,
      fetchedAt: new Date(0),
    };
  }

  async *#watch(uri: string, signal: AbortSignal): AsyncGenerator<WatchResourceResponse> {
    let wake = Promise.withResolvers<void>();
    const tell = () => wake.resolve();
    this.#watchers.add(tell);
    signal.addEventListener('abort', tell);
    try {
      while (!signal.aborted) {
        const version = this.versionByUri.get(uri);
        if (version === undefined) throw resourceNotFound(uri);
        yield { uri, version };
        if (this.versionByUri.get(uri) === version) await wake.promise;
        wake = Promise.withResolvers();
      }
    } finally {
      this.#watchers.delete(tell);
    }
  }
}

function notFound(reason: string, message: string): AppError {
  return new AppError({ code: 'NOT_FOUND', reason, message });
}

function toolNotFound(name: string): AppError {
  return notFound('TOOL_NOT_FOUND', `there is no tool named "${name}"`);
}

function resourceNotFound(uri: string): AppError {
  return new AppError({
    code: 'NOT_FOUND',
    reason: 'RESOURCE_NOT_FOUND',
    message: 'there is no such resource',
    metadata: { uri },
  });
}
