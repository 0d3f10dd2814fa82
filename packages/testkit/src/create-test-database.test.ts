import pg from 'pg';
import { expect, test } from 'vitest';

import { createTestDatabase } from './create-test-database.ts';

test('databases are separate, and gone after their scope, even with a connection left open', async () => {
  let url = '';
  let leaked: pg.Client | undefined;
  {
    await using first = await createTestDatabase();
    await using second = await createTestDatabase();
    expect(first.name).not.toBe(second.name);
    url = first.url;
    leaked = await open(first.url);
    await leaked.query('CREATE TABLE note (id integer)');
    const other = await open(second.url);
    await expect(other.query('SELECT * FROM note')).rejects.toMatchObject({ code: '42P01' });
    await other.end();
  }
  await expect(leaked.query('SELECT 1')).rejects.toThrow();
  await expect(open(url)).rejects.toMatchObject({ code: '3D000' });
});

test('a database can be made from a template', async () => {
  await using template = await createTestDatabase();
  const client = await open(template.url);
  await client.query('CREATE TABLE note AS SELECT 42 AS answer');
  await client.end();
  await using copy = await createTestDatabase({ template: template.name });
  const reader = await open(copy.url);
  expect((await reader.query('SELECT answer FROM note')).rows).toEqual([{ answer: 42 }]);
  await reader.end();
});

async function open(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
