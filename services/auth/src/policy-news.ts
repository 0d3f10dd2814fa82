import { type Bus, createMemoryBus, createRedisBus } from '@gantry/bus';
import type { ServicePlatform } from '@gantry/runtime';

import type { Config } from './config.ts';

const TOPIC = 'auth.policy';

/** Says between replicas that there are new policy events. It only saves them the wait until they look by themselves. */
export interface PolicyNews extends AsyncDisposable {
  /** Tells every replica, this one included. Never fails: a replica that misses it looks a moment later. */
  spread(): void;
  /** Hears the others. */
  listen(onNews: () => void): Promise<void>;
  /** Rejects when the others cannot be told. */
  check(): Promise<void>;
}

/** Creates the news over Redis when there is one, else within this process. */
export function createPolicyNews({ redisUrl }: Config, { logger, metrics }: ServicePlatform): PolicyNews {
  const bus: Bus =
    redisUrl === undefined
      ? createMemoryBus({ logger })
      : createRedisBus({ url: redisUrl, name: 'auth-policy', logger, metrics });
  return {
    spread() {
      bus.publish(TOPIC, '').catch((error: unknown) => logger.debug({ err: error }, 'policy news could not be spread'));
    },
    async listen(onNews) {
      await bus.subscribe(TOPIC, onNews, { onReset: onNews });
    },
    check: () => bus.publish(TOPIC, ''),
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  };
}
