import { expect, test } from 'vitest';

import { parseReadyLine } from './ready-line.ts';

test('the line that says ready names the endpoints and where the metrics are', () => {
  const said = { endpoints: { grpc: '127.0.0.1:5' }, adminUrl: 'http://127.0.0.1:6' };
  const line = JSON.stringify({ level: 'info', service: 'auth', ...said, msg: 'ready' });
  expect(parseReadyLine(line)).toMatchObject(said);
});

test.each(['', 'not JSON', '{"level":"info","msg":"migrated"}', '{"msg":"ready"}'])('%j is another line', (line) => {
  expect(parseReadyLine(line)).toBeUndefined();
});
