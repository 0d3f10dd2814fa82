import { expect, test } from 'vitest';

import { summarize } from './summary.ts';

const credentials = {
  url: 'http://127.0.0.1:8000/mcp',
  ws: 'ws://127.0.0.1:8000/ws',
  grpc: '127.0.0.1:50051',
  apiKey: 'gk_key',
};
const paths = { credentials: '/data/credentials.json', adminUrl: 'http://127.0.0.1:9464' };

test('the summary says where everything is', () => {
  const summary = summarize(credentials, paths);
  for (const text of [...Object.values(credentials), paths.credentials, `${paths.adminUrl}/readyz`]) {
    expect(summary).toContain(text);
  }
});

test('the summary has three commands to try, the last of which is valid as it stands', () => {
  const summary = summarize(credentials, paths);
  const commands = summary.split('\n').filter((line) => /^ {2}(npx|curl) /.test(line));
  expect(commands).toHaveLength(3);
  const body = /-d '(.+)'$/m.exec(summary)?.[1] ?? '';
  expect(JSON.parse(body)).toMatchObject({ jsonrpc: '2.0', method: 'tools/execute' });
});
