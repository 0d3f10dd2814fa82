import { createTestDatabase } from '@gantry/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type CallGantry, httpCaller } from './clients.ts';
import { probes } from './probes.ts';
import { type Cluster, startCluster } from './separable-cluster.ts';

describe('while one service is gone', () => {
  let cluster: Cluster;
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let call: CallGantry;
  beforeAll(async () => {
    database = await createTestDatabase();
    cluster = await startCluster(database.url);
    call = httpCaller({ url: cluster.url, apiKey: cluster.apiKey });
  });
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  test.each(probes)(
    '$name: the others answer, its own methods fail at once and clearly, and all is well once it is back',
    async ({ name, method, params }) => {
      const others = probes.filter((probe) => probe.name !== name);
      for (const probe of probes) expect((await call(probe.method, probe.params)).error).toBeUndefined();
      await cluster.stop(name);

      // After a few failures the breaker opens: from then on nothing is tried, so nothing is waited for.
      const failure = async () => (await call(method, params)).error;
      await expect
        .poll(async () => (await failure())?.data?.['reason'], { timeout: 10_000, interval: 10 })
        .toBe('CIRCUIT_OPEN');
      const error = await failure();
      expect(error).toMatchObject({ code: -32603, message: expect.stringContaining(name) });
      expect(JSON.stringify(error)).not.toMatch(/ECONNREFUSED|at .*\.ts:|127\.0\.0\.1/);
      for (const probe of others) expect((await call(probe.method, probe.params)).error).toBeUndefined();

      await cluster.start(name);
      await expect.poll(failure, { timeout: 10_000, interval: 50 }).toBeUndefined();
    },
  );
});
