import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

import { isReason } from '@gantry/errors';
import { closeRedis, createRedis } from '@gantry/redis';
import { createLogger, createMetricsRegistry } from '@gantry/telemetry';
import { expect, test } from 'vitest';

import { openRedisBus, redisUrl } from '../test/bus-fixture.ts';

test('two replicas hear each other', async () => {
  const [left, right] = [openRedisBus(), openRedisBus()];
  await using _left = left.bus;
  await using _right = right.bus;
  const topic = `test:${randomUUID()}`;
  const heard: string[] = [];
  await left.bus.subscribe(topic, (payload) => void heard.push(`left ${payload}`));
  await right.bus.subscribe(topic, (payload) => void heard.push(`right ${payload}`));

  await expect.poll(() => right.bus.publish(topic, 'x')).toBeUndefined();

  await expect.poll(() => heard.toSorted()).toEqual(['left x', 'right x']);
});

test('after its connection was lost every topic is heard again and every subscription is reset once', async () => {
  const name = `bus-${randomUUID()}`;
  const { bus } = openRedisBus({ name });
  await using _ = bus;
  const topics = [`test:${randomUUID()}`, `test:${randomUUID()}`];
  const heard: string[] = [];
  for (const topic of topics) {
    await bus.subscribe(topic, (payload) => void heard.push(payload), { onReset: () => void heard.push('reset') });
  }

  await killConnection(`gantry:${name}-subscriber`);
  await expect.poll(() => heard, { timeout: 5_000 }).toEqual(['reset', 'reset']);
  for (const topic of topics) {
    await expect.poll(() => bus.publish(topic, 'after')).toBeUndefined();
  }

  await expect.poll(() => heard).toEqual(['reset', 'reset', 'after', 'after']);
});

test('an onReset that throws is logged', async () => {
  const name = `bus-${randomUUID()}`;
  const { bus, logs } = openRedisBus({ name });
  await using _ = bus;
  await bus.subscribe(`test:${randomUUID()}`, () => undefined, {
    onReset: () => {
      throw new Error('thrown');
    },
  });

  await killConnection(`gantry:${name}-subscriber`);

  await expect.poll(() => logs, { timeout: 5_000 }).toContain('a bus handler failed');
});

test('a lost Redis does not hold up subscribe, and publish is UNAVAILABLE', async () => {
  const { bus } = openRedisBus({ url: 'redis://127.0.0.1:1' });
  await using _ = bus;

  await using _subscription = await bus.subscribe('topic', () => undefined);

  await expect(bus.publish('topic', 'x')).rejects.toSatisfy((error) => isReason(error, 'REDIS_UNAVAILABLE'));
});

test('a subscription made while Redis was lost is reset when it comes, and then hears', async () => {
  await using redis = await reservePort();
  const { bus } = openRedisBus({ url: `redis://127.0.0.1:${redis.port}` });
  await using _ = bus;
  const topic = `test:${randomUUID()}`;
  const heard: string[] = [];
  await bus.subscribe(topic, (payload) => void heard.push(payload), { onReset: () => void heard.push('reset') });
  expect(heard).toEqual([]);

  redis.forward(redisUrl());
  await expect.poll(() => heard, { timeout: 5_000 }).toEqual(['reset']);
  await expect.poll(() => bus.publish(topic, 'x'), { timeout: 5_000 }).toBeUndefined();

  await expect.poll(() => heard).toEqual(['reset', 'x']);
});

/** Cuts a connection from the server's side, by the name the client gave it. */
async function killConnection(connectionName: string): Promise<void> {
  const redis = createRedis({
    url: redisUrl(),
    name: 'killer',
    logger: createLogger({ service: 'test', level: 'silent' }),
    metrics: createMetricsRegistry({ service: 'test' }),
  });
  await expect.poll(() => redis.status).toBe('ready');
  const list = String(await redis.call('CLIENT', 'LIST'));
  const line = list.split('\n').find((client) => client.includes(`name=${connectionName} `));
  const id = /\bid=(\d+)/.exec(line ?? '')?.[1];
  expect(id).toBeDefined();
  await redis.call('CLIENT', 'KILL', 'ID', String(id));
  closeRedis(redis);
}

/** A port that closes every connection until it is told to forward them. */
async function reservePort(): Promise<AsyncDisposable & { readonly port: number; forward(url: string): void }> {
  const sockets = new Set<Socket>();
  let target: URL | undefined;
  const server = createServer((downstream) => {
    if (target === undefined) {
      downstream.destroy();
      return;
    }
    const upstream = connect({ host: target.hostname, port: Number(target.port || 6379) });
    for (const socket of [downstream, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    downstream.pipe(upstream).pipe(downstream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') {
    throw new Error('the server has no port');
  }
  return {
    port: address.port,
    forward: (url) => {
      target = new URL(url);
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) {
        socket.destroy();
      }
      server.close();
      await once(server, 'close');
    },
  };
}
