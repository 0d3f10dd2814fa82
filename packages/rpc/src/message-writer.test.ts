import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { CallToolRequest, ListToolsResponse } from '@gantry/protocol/gantry/tool/v1/tool_service';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { MessageWriter } from './message-writer.ts';

const bytes = fc.uint8Array({ maxLength: 400 });
const requests = fc.record({ name: fc.string(), argumentsJson: bytes, idempotencyKey: fc.string(), metaJson: bytes });

test('one writer after the other writes what the writer of the library writes', () => {
  const writer = new MessageWriter();
  fc.assert(
    fc.property(fc.array(requests), (messages) => {
      for (const message of messages) {
        const expected = CallToolRequest.encode(message, new BinaryWriter()).finish();
        expect(new Uint8Array(CallToolRequest.encode(message, writer).finish())).toEqual(new Uint8Array(expected));
      }
    }),
  );
});

test('messages within messages, longer than a page, come out as they went in', () => {
  const tools = Array.from({ length: 300 }, (_, index) => ({ name: `tool-${index}`, description: 'd'.repeat(index) }));
  const list = ListToolsResponse.fromPartial({ tools, nextPageToken: 'next' });
  const writer = new MessageWriter();
  const first = ListToolsResponse.encode(list, writer).finish();
  ListToolsResponse.encode(ListToolsResponse.fromPartial({}), writer).finish();
  expect(ListToolsResponse.decode(first)).toEqual(list);
});

test('what was returned stays as it is while the next message is written', () => {
  const writer = new MessageWriter();
  const first = writer.string('first').finish();
  writer.string('other').finish();
  expect(first.subarray(1).toString()).toBe('first');
});

test('it says how much memory it holds', () => {
  const writer = new MessageWriter();
  writer.raw(new Uint8Array(100_000)).finish();
  expect(writer.heldBytes).toBeGreaterThanOrEqual(100_000);
});
