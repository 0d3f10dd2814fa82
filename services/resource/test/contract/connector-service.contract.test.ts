import { createTestDatabase, type TestDatabase } from '@gantry/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type ResourceUnderTest, startResource } from '../resource-under-test.ts';

let database: TestDatabase;
let service: ResourceUnderTest;

beforeAll(async () => {
  database = await createTestDatabase();
  service = await startResource(database.url);
});

afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

test('listConnectors lists the connectors in order of name', async () => {
  const { connectors } = await service.connectors.listConnectors({}, await service.as());
  expect(connectors).toEqual([
    { name: 'file', schemes: ['file'], description: 'Files below the configured folders.' },
    { name: 'http', schemes: ['http', 'https'], description: 'Pages and files at public addresses of the web.' },
  ]);
});

test('listConnectors answers PERMISSION_DENIED to whoever may not read resources', async () => {
  await expect(service.connectors.listConnectors({}, await service.as({ permissions: [] }))).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
    metadata: { requiredPermission: 'resources:read' },
  });
});

test('putConnector and deleteConnector are UNIMPLEMENTED and say so', async () => {
  const options = await service.as();
  await expect(
    service.connectors.putConnector({ connector: undefined, settingsJson: new Uint8Array() }, options),
  ).rejects.toMatchObject({
    code: 'UNIMPLEMENTED',
    message: expect.stringContaining('PutConnector is part of the contract'),
  });
  await expect(service.connectors.deleteConnector({ name: 'file' }, options)).rejects.toMatchObject({
    code: 'UNIMPLEMENTED',
    message: expect.stringContaining('DeleteConnector is part of the contract'),
  });
});
