import { setTimeout as sleep } from 'node:timers/promises';

import {
  closeRedis,
  createRedis,
  type CreateRedisOptions,
  createRedisSubscriber,
  type RedisClient,
  toRedisError,
} from '@gantry/redis';

import { type BusMetrics, createBusMetrics } from './bus-metrics.ts';
import type { Bus, BusHandler, SubscribeOptions } from './bus.ts';
import { SubscriptionTable } from './subscription-table.ts';

/** Says which Redis carries the bus and how to report on it. */
export type RedisBusOptions = Pick<CreateRedisOptions, 'url' | 'name' | 'logger' | 'metrics'>;

type RedisSubscriber = ReturnType<typeof createRedisSubscriber>;

/** Long enough for a first connect, short enough not to hold up the start of a service when Redis is lost. */
const SUBSCRIBE_WAIT_MS = 1_000;
/** Channels in one SUBSCRIBE when a connection is new, so that one command stays far below the command timeout. */
const CHANNELS_PER_COMMAND = 1_000;
const CHANNEL_PREFIX = 'gantry:bus:';

/**
 * Creates a bus over Redis PUBLISH and SUBSCRIBE, with one connection to publish and one that only listens.
 *
 * After the listening connection was lost all topics are subscribed again, then every `onReset` is called. Clients are
 * named `<name>-publisher` and `<name>-subscriber` in logs and `gantry_redis_up`.
 *
 * @throws {AppError} INVALID_ARGUMENT REDIS_URL_INVALID.
 */
export function createRedisBus(options: RedisBusOptions): Bus {
  return new RedisBus(options);
}

class RedisBus implements Bus {
  readonly #publisher: RedisClient;
  readonly #subscriber: RedisSubscriber;
  readonly #table: SubscriptionTable;
  readonly #metrics: BusMetrics;
  // Counts connections, so that work begun on a lost one can see that it is.
  #connection = 0;
  #isConnected = false;
  // Resolves once all topics are subscribed on the present connection.
  #live = Promise.withResolvers<void>();

  constructor({ url, name, logger, metrics }: RedisBusOptions) {
    this.#metrics = createBusMetrics(metrics, name);
    this.#table = new SubscriptionTable(logger.child({ bus: name }));
    this.#publisher = createRedis({ url, name: `${name}-publisher`, logger, metrics });
    this.#subscriber = createRedisSubscriber({ url, name: `${name}-subscriber`, logger, metrics });
    this.#subscriber.on('message', (channel: string, payload: string) => {
      this.#metrics.received();
      this.#table.deliver(channel.slice(CHANNEL_PREFIX.length), payload);
    });
    this.#subscriber.on('ready', () => void this.#resume());
    this.#subscriber.on('close', () => this.#interrupt());
  }

  async publish(topic: string, payload: string): Promise<void> {
    this.#table.assertMessage(topic, payload);
    try {
      await this.#publisher.publish(channelOf(topic), payload);
    } catch (error) {
      throw toRedisError(error);
    }
    this.#metrics.published();
  }

  async subscribe(topic: string, handler: BusHandler, options: SubscribeOptions = {}): Promise<AsyncDisposable> {
    const subscription = this.#table.add(topic, handler, options);
    if (!(await this.#listen(topic))) {
      // Not heard yet: what is published until the connection is back counts as missed.
      subscription.hasGap = true;
    }
    return {
      [Symbol.asyncDispose]: async () => {
        if (this.#table.remove(subscription)) {
          await this.#unlisten(topic);
        }
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#table.close();
    this.#live.resolve();
    closeRedis(this.#subscriber);
    closeRedis(this.#publisher);
  }

  /** Returns whether the topic is heard now; if not, it will be once the connection is back. */
  async #listen(topic: string): Promise<boolean> {
    if (this.#isConnected) {
      try {
        // Also for a known topic: only an answer of the server proves that it is heard.
        await this.#subscriber.subscribe(channelOf(topic));
        return true;
      } catch {
        this.#reconnect();
      }
    }
    return await settlesWithin(this.#live.promise, SUBSCRIBE_WAIT_MS);
  }

  async #unlisten(topic: string): Promise<void> {
    if (this.#isConnected) {
      // Without an answer the server may go on sending, and the table drops what nobody wants.
      await this.#subscriber.unsubscribe(channelOf(topic)).catch(() => undefined);
    }
  }

  async #resume(): Promise<void> {
    this.#connection += 1;
    this.#isConnected = true;
    const connection = this.#connection;
    try {
      for (const channels of chunks(this.#table.topics.map(channelOf), CHANNELS_PER_COMMAND)) {
        await this.#subscriber.subscribe(...channels);
      }
    } catch {
      this.#reconnect();
      return;
    }
    if (connection === this.#connection && this.#isConnected) {
      this.#live.resolve();
      this.#metrics.resets(this.#table.resetGaps());
    }
  }

  #interrupt(): void {
    if (!this.#isConnected) {
      return;
    }
    this.#isConnected = false;
    this.#live = Promise.withResolvers();
    this.#table.markGaps();
  }

  // A connection that did not take a subscription is not trusted with the others: a new one starts from the table.
  #reconnect(): void {
    if (this.#isConnected && !this.#table.isClosed) {
      this.#subscriber.disconnect(true);
    }
  }
}

function channelOf(topic: string): string {
  return CHANNEL_PREFIX + topic;
}

function* chunks<T>(items: readonly T[], size: number): Iterable<readonly T[]> {
  for (let start = 0; start < items.length; start += size) {
    yield items.slice(start, start + size);
  }
}

async function settlesWithin(promise: Promise<void>, timeoutMs: number): Promise<boolean> {
  const timer = new AbortController();
  const timeout = sleep(timeoutMs, false, { signal: timer.signal, ref: false }).catch(() => false);
  const isSettled = await Promise.race([promise.then(() => true), timeout]);
  timer.abort();
  return isSettled;
}
