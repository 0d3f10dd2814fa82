import { createTestDatabase, testRedisUrl } from '@gantry/testkit';

import { type RunningGantry, startGantry } from './running-gantry.ts';

/** A way to run Gantry; what it promises holds in every one. */
export interface Shape {
  readonly name: string;
  readonly gateways: number;
  start(env?: NodeJS.ProcessEnv): Promise<RunningGantry>;
}

/** One process, embedded Postgres, no Redis: what `npm start` runs. */
export const singleProcess: Shape = {
  name: 'one process with an embedded Postgres',
  gateways: 1,
  start: (env = {}) => startGantry({ args: ['start'], env }),
};

/** A process per service and two gateways, on a real Postgres and a real Redis. */
export const processPerService: Shape = {
  name: 'a process per service, two gateways',
  gateways: 2,
  async start(env = {}) {
    const database = await createTestDatabase();
    const gantry = await startGantry({
      args: ['cluster', '--replicas', 'gateway=2'],
      env: { DATABASE_URL: database.url, REDIS_URL: testRedisUrl(), ...env },
    });
    return {
      ...gantry,
      async [Symbol.asyncDispose]() {
        await gantry[Symbol.asyncDispose]();
        await database[Symbol.asyncDispose]();
      },
    };
  },
};
