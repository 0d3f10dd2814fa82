import { resolve } from 'node:path';

import { expect, test } from 'vitest';

import { summarize } from './summary.ts';

const credentials = {
  url: 'http://127.0.0.1:8000/mcp',
  ws: 'ws://127.0.0.1:8000/ws',
  grpc: '127.0.0.1:50051',
  apiKey: 'gk_key',
};
const paths = {
  credentials: '/data/credentials.json',
  adminUrl: 'http://127.0.0.1:9464',
  dataFolder: resolve('.gantry'),
  databaseFolder: undefined,
};

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

test('the summary says where the database is when it is not in the data folder', () => {
  expect(summarize(credentials, paths)).not.toContain('Database');
  const summary = summarize(credentials, { ...paths, databaseFolder: '/var/lib/gantry/0123' });
  expect(summary).toMatch(/^ {2}Database {3}\/var\/lib\/gantry\/0123$/m);
});

test.each([
  [resolve('.gantry'), 'npx gantry ingest'],
  ['/tmp/my-data', 'npx gantry --data-dir /tmp/my-data ingest'],
  ["/tmp/it's", String.raw`npx gantry --data-dir '/tmp/it'\''s' ingest`],
])('on the data folder %s the commands to try find it', (dataFolder, command) => {
  const summary = summarize(credentials, { ...paths, dataFolder });
  expect(summary).toContain(`  ${command} docs`);
  expect(summary).toContain(`  ${command.replace('ingest', 'context')} "`);
});
