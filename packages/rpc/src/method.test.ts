import type {
  DocumentServiceDefinition,
  IngestDocumentsRequest,
} from '@gantry/protocol/gantry/context/v1/document_service';
import type {
  ToolServiceDefinition,
  ListToolsResponse,
  CallToolRequest,
  CallToolResponse,
} from '@gantry/protocol/gantry/tool/v1/tool_service';
import { describe, expectTypeOf, test } from 'vitest';

import type { CallContext } from './call-context.ts';
import type { CallOptions } from './call-options.ts';
import type { Client, Handlers, Replies } from './method.ts';

type ToolHandlers = Handlers<ToolServiceDefinition>;
type ToolClient = Client<ToolServiceDefinition>;

// These are checked by the compiler: `tsc -b` fails when one of them is not so.
describe('the types of a service', () => {
  test('a unary handler takes the message and the context, and gives a promise of the answer', () => {
    expectTypeOf<Parameters<ToolHandlers['listTools']>[1]>().toEqualTypeOf<CallContext>();
    expectTypeOf<ReturnType<ToolHandlers['listTools']>>().toEqualTypeOf<Promise<ListToolsResponse>>();
  });

  test('a handler that streams gives an async iterable of the answers', () => {
    expectTypeOf<Parameters<ToolHandlers['callTool']>[0]>().toEqualTypeOf<CallToolRequest>();
    expectTypeOf<ReturnType<ToolHandlers['callTool']>>().toEqualTypeOf<AsyncIterable<CallToolResponse>>();
  });

  test('a handler of a stream both ways takes an async iterable', () => {
    type Ingest = Handlers<DocumentServiceDefinition>['ingestDocuments'];
    expectTypeOf<Parameters<Ingest>[0]>().toEqualTypeOf<AsyncIterable<IngestDocumentsRequest>>();
  });

  test('a client takes the same messages, and a CallContext is enough to pass on', () => {
    expectTypeOf<Parameters<ToolClient['getTool']>[0]>().toEqualTypeOf<{ readonly name: string }>();
    expectTypeOf<CallContext>().toExtend<CallOptions>();
    expectTypeOf<ReturnType<ToolClient['callTool']>>().toEqualTypeOf<Replies<CallToolResponse>>();
  });

  test('a handler of the wrong shape does not compile', () => {
    // @ts-expect-error -- A unary method cannot be implemented by a generator.
    expectTypeOf<ToolHandlers['listTools']>().toEqualTypeOf<ToolHandlers['callTool']>();
    // @ts-expect-error -- Every method must be there.
    expectTypeOf<Pick<ToolHandlers, 'listTools'>>().toExtend<ToolHandlers>();
  });
});
