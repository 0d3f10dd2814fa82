/**
 * A service for the tests of this package, told over IPC what to do next. Its drain takes until it hears `finish`.
 */
import { once } from 'node:events';

import { z } from 'zod';

import { commonEnv, parseEnv, type RunningService, runProcess, type ServicePlatform } from '../src/index.ts';

const envSchema = z.object({
  ...commonEnv,
  FIXTURE_LIMIT: z.coerce.number().int().positive().describe('A number without a default.'),
  FIXTURE_URL: z.url().describe('A URL without a default.'),
  FIXTURE_START: z.enum(['good', 'bad', 'refused']).default('good'),
});

async function create(
  { FIXTURE_START }: z.output<typeof envSchema>,
  platform: ServicePlatform,
): Promise<RunningService> {
  if (FIXTURE_START === 'bad') throw new Error('the fixture was told not to start');
  if (FIXTURE_START === 'refused') throw new RangeError('the fixture has no room; make some');
  let broken = false;
  platform.readiness.addCheck('store', async () => {
    if (broken) throw new Error('the store is gone');
  });
  const finish = Promise.withResolvers<void>();
  const onMessage: Record<string, () => void> = {
    finish: finish.resolve,
    break: () => {
      broken = true;
    },
    throw: () => {
      throw new Error('thrown by the fixture');
    },
    // Writes to a reader that the test has taken away.
    write: () => void process.stdout.write('written to nobody\n'),
    reject: () => void Promise.reject(new Error('rejected by the fixture')),
  };
  process.on('message', (message) => onMessage[String(message)]?.());
  // Nobody is left who could say it.
  process.on('disconnect', finish.resolve);
  return {
    endpoints: { fixture: 'nowhere' },
    drain: () => finish.promise,
    async [Symbol.asyncDispose]() {
      platform.logger.info('fixture disposed');
      if (!process.connected) return;
      // Proves that disposing is awaited: the reply of the parent takes a round trip.
      process.send?.('disposing');
      await once(process, 'message');
    },
  };
}

await runProcess({
  name: 'fixture',
  parseConfig: (env) => parseEnv(envSchema, env),
  start: async (config, host) => create(config, await host.platform('fixture')),
  explainFailure: (error) => (error instanceof RangeError ? error.message : undefined),
});
