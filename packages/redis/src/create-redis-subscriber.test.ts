import { randomUUID } from 'node:crypto';

import { createMetricsRegistry } from '@gantry/telemetry';
import { expect, test } from 'vitest';

import { nextEvent, recordingLogger, redisAddress } from '../test/redis-fixture.ts';
import { startTcpProxy } from '../test/tcp-proxy.ts';
import { createRedisSubscriber } from './create-redis-subscriber.ts';

test('a subscriber of a cluster moves to the next host when its own is lost, and does not resubscribe by itself', async () => {
  await using first = await startTcpProxy(redisAddress());
  await using second = await startTcpProxy(redisAddress());
  const subscriber = createRedisSubscriber({
    url: `redis+cluster://127.0.0.1:${first.port},127.0.0.1:${second.port}`,
    name: 'subscriber',
    logger: recordingLogger().logger,
    metrics: createMetricsRegistry({ service: 'test' }),
  });
  await nextEvent(subscriber, 'ready');
  const channel = `test:${randomUUID()}`;
  await subscriber.subscribe(channel);

  first.setMode('refuse');
  first.cutAll();
  await nextEvent(subscriber, 'ready');

  expect(second.connectionsTotal).toBeGreaterThan(0);
  expect(await subscriber.pubsub('NUMSUB', channel)).toEqual([channel, 0]);
  subscriber.disconnect();
});
