import type { ReadResourceRequest, ReadResourceResponse } from '@gantry/protocol/gantry/resource/v1/resource_service';
import { expect, test } from 'vitest';

import { sampleCall } from '../../test/sample-tool.ts';
import { RESULT_BYTES_MAX } from '../domain/call-tool.ts';
import { createResourceRead, TEXT_CHARACTERS_MAX } from './resource-read.ts';

function toolWith(content: ReadResourceResponse['content'], mimeType = 'text/plain') {
  const seen: [ReadResourceRequest, unknown][] = [];
  const tool = createResourceRead({
    readResource: async (request, options) => {
      seen.push([request, options]);
      const read = { uri: 'file:///srv/a', version: 'v1', fromCache: false, fetchedAt: undefined };
      return { ...read, content, mimeType };
    },
  });
  return { tool, seen };
}

const read = (content: ReadResourceResponse['content'], mimeType?: string) =>
  toolWith(content, mimeType).tool.run({ uri: 'file:///srv/./a' }, sampleCall());

test('reads what it was asked to, with what the call came with', async () => {
  const { tool, seen } = toolWith({ $case: 'text', value: 'Hello.' });
  const call = sampleCall();
  expect(await tool.run({ uri: 'file:///srv/./a' }, call)).toEqual({
    content: [{ type: 'text', text: 'Hello.' }],
    structuredContent: { uri: 'file:///srv/a', mime_type: 'text/plain', text: 'Hello.', is_truncated: false },
    isError: false,
  });
  expect(seen).toEqual([[{ uri: 'file:///srv/./a', bypassCache: false }, call]]);
});

test.each([
  [{ $case: 'blob', value: new Uint8Array([1]) }, 'image/png', 'image/png'],
  [{ $case: 'blob', value: new Uint8Array([1]) }, '', 'binary'],
  [undefined, '', 'binary'],
] as const)('what is not text is a failure that says what to do instead: %j', async (content, mimeType, kind) => {
  expect(await read(content, mimeType)).toEqual({
    content: [{ type: 'text', text: `file:///srv/a is ${kind}, not text; read it with resources/read` }],
    isError: true,
  });
});

test('a text is cut where it would not fit any more, and says so', async () => {
  const whole = await read({ $case: 'text', value: 'a'.repeat(TEXT_CHARACTERS_MAX) });
  expect(whole.structuredContent).toMatchObject({ is_truncated: false });
  const cut = await read({ $case: 'text', value: 'a'.repeat(TEXT_CHARACTERS_MAX + 1) });
  expect(cut.structuredContent).toMatchObject({ is_truncated: true, text: 'a'.repeat(TEXT_CHARACTERS_MAX) });
  expect(cut.content[0]?.text).toMatch(/a\n\n\[cut after 80000 characters\]$/);
});

test.each(['\u0001', '中', '"', '\ud800'])(
  'a long text of %j fits into a result, also when each needs an escape',
  async (character) => {
    const result = await read({ $case: 'text', value: character.repeat(TEXT_CHARACTERS_MAX + 1) });
    expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThanOrEqual(RESULT_BYTES_MAX);
  },
);

test('a character is not cut in half', async () => {
  const { structuredContent } = await read({ $case: 'text', value: `${'a'.repeat(TEXT_CHARACTERS_MAX - 1)}😀` });
  const text = String(Object(structuredContent).text);
  expect(text.isWellFormed()).toBe(true);
  expect(text).toHaveLength(TEXT_CHARACTERS_MAX);
});
