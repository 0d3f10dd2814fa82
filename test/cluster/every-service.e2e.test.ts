import { createTestDatabase } from '@gantry/testkit';
import { Client, credentials } from '@grpc/grpc-js';
import { service as health } from 'grpc-health-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type Cluster, startCluster, serviceNames } from './separable-cluster.ts';

const expectedServices = {
  auth: [
    'gantry.auth.v1.AuthService',
    'gantry.auth.v1.PolicyService',
    'gantry.auth.v1.KeyService',
    'gantry.auth.v1.AuditService',
  ],
  context: ['gantry.context.v1.ContextService', 'gantry.context.v1.DocumentService', 'gantry.context.v1.PromptService'],
  resource: ['gantry.resource.v1.ResourceService', 'gantry.resource.v1.ConnectorService'],
  tool: ['gantry.tool.v1.ToolService', 'gantry.tool.v1.CatalogService', 'gantry.tool.v1.TaskService'],
  gateway: ['gantry.gateway.v1.McpService'],
} as const;

describe('every service', () => {
  let cluster: Cluster;
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  beforeAll(async () => {
    database = await createTestDatabase();
    cluster = await startCluster(database.url);
  });
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  test.each(serviceNames)('%s lists its services by reflection and says SERVING for each', async (name) => {
    const client = new Client(cluster.endpointOf(name), credentials.createInsecure());
    const listed = await listServices(client);
    expect(listed).toEqual(expect.arrayContaining([...expectedServices[name]]));
    for (const service of ['', ...expectedServices[name]]) expect(await healthOf(client, service)).toBe('SERVING');
    client.close();
  });
});

async function listServices(client: Client): Promise<string[]> {
  // ServerReflectionRequest { list_services = 7: "*" }, on the wire.
  const pass = (bytes: Buffer) => bytes;
  const stream = client.makeBidiStreamRequest('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', pass, pass);
  stream.write(Buffer.from([0x3a, 0x01, 0x2a]));
  stream.end();
  const chunks = await Array.fromAsync(stream);
  return chunks.flatMap((chunk) => String(chunk).match(/gantry(?:\.\w+)+/g) ?? []);
}

function healthOf(client: Client, service: string): Promise<string | undefined> {
  const check = health['Check'];
  if (check === undefined) throw new Error('the health service has no Check');
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const { path, requestSerialize, responseDeserialize } = check;
  client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service }, (error, reply?: object) => {
    if (error !== null) return reject(error);
    resolve(reply !== undefined && 'status' in reply ? String(reply.status) : undefined);
  });
  return promise;
}
