import { expect, test } from 'vitest';

import { parseReadyLine } from './ready-line.ts';

test('the line that says ready names the endpoints', () => {
  const line = '{"level":"info","service":"auth","endpoints":{"grpc":"127.0.0.1:5"},"msg":"ready"}';
  expect(parseReadyLine(line)).toEqual({ grpc: '127.0.0.1:5' });
});

test.each(['', 'not JSON', '{"level":"info","msg":"migrated"}', '{"msg":"ready"}'])('%j is another line', (line) => {
  expect(parseReadyLine(line)).toBeUndefined();
});
