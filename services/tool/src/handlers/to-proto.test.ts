import { expect, test } from 'vitest';

import { jsonBytes, sampleTool } from '../../test/sample-tool.ts';
import { toResultEvent, toTool } from './to-proto.ts';

const parse = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

test('a definition becomes the message, schemas as JSON and the timeout as a duration', () => {
  const { definition } = sampleTool({
    outputSchema: { type: 'object' },
    annotations: { readOnlyHint: true },
    timeoutMs: 1_500,
  });
  const { inputSchemaJson, outputSchemaJson, annotationsJson, ...rest } = toTool(definition);
  expect(rest).toEqual({
    name: 'sample',
    title: 'Sample',
    description: 'A tool for tests.',
    timeout: { seconds: 1n, nanos: 500_000_000 },
  });
  expect([inputSchemaJson, outputSchemaJson, annotationsJson].map(parse)).toEqual([
    { type: 'object' },
    { type: 'object' },
    { readOnlyHint: true },
  ]);
});

test('what a definition does not have is no bytes', () => {
  const { outputSchemaJson, annotationsJson } = toTool(sampleTool().definition);
  expect([outputSchemaJson, annotationsJson]).toEqual([new Uint8Array(0), new Uint8Array(0)]);
});

test('a result becomes the last event; what it does not have is no bytes', () => {
  const contentJson = jsonBytes([{ type: 'text', text: 'ü' }]);
  const structuredContentJson = jsonBytes({ n: 1 });
  const { event } = toResultEvent({ contentJson, structuredContentJson, isError: false });
  if (event?.$case !== 'result') throw new Error('no result');
  expect(event.value).toEqual({ contentJson, structuredContentJson, isError: false, metaJson: new Uint8Array(0) });
});
