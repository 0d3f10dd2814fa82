import type { Logger } from '@gantry/telemetry';

import {
  type BusHandler,
  HANDLERS_MAX,
  PAYLOAD_BYTES_MAX,
  type SubscribeOptions,
  TOPIC_CHARS_MAX,
  TOPICS_MAX,
} from './bus.ts';
import { busClosed, payloadTooLarge, subscriptionsFull, topicInvalid } from './errors.ts';

/** One handler on one topic. */
export interface Subscription {
  readonly topic: string;
  readonly handler: BusHandler;
  readonly options: SubscribeOptions;
  /** True from the moment messages may have been missed until `onReset` was called. */
  hasGap: boolean;
}

/** Where errors of handlers go; a process without a logger still gets a warning. */
export type HandlerLogger = Pick<Logger, 'error'>;

/** Keeps who hears what, enforces the caps, and calls handlers so that none can hurt another. */
export class SubscriptionTable {
  readonly #subscriptionsByTopic = new Map<string, Set<Subscription>>();
  readonly #logger: HandlerLogger | undefined;
  #handlersTotal = 0;
  #isClosed = false;

  constructor(logger: HandlerLogger | undefined) {
    this.#logger = logger;
  }

  get topics(): readonly string[] {
    return [...this.#subscriptionsByTopic.keys()];
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Throws what {@link Bus.publish} promises for a message that cannot be sent. */
  assertMessage(topic: string, payload: string): void {
    this.#assertTopic(topic);
    const bytes = Buffer.byteLength(payload);
    if (bytes > PAYLOAD_BYTES_MAX) {
      throw payloadTooLarge(bytes);
    }
  }

  /** Adds a handler, within the caps. */
  add(topic: string, handler: BusHandler, options: SubscribeOptions): Subscription {
    this.#assertTopic(topic);
    const existing = this.#subscriptionsByTopic.get(topic);
    const isFull = existing === undefined && this.#subscriptionsByTopic.size >= TOPICS_MAX;
    if (isFull || this.#handlersTotal >= HANDLERS_MAX) {
      throw subscriptionsFull();
    }
    const subscription: Subscription = { topic, handler, options, hasGap: false };
    const subscriptions = existing ?? new Set();
    subscriptions.add(subscription);
    this.#subscriptionsByTopic.set(topic, subscriptions);
    this.#handlersTotal += 1;
    return subscription;
  }

  /** Removes a handler, if it is still there; returns whether it was the last one of its topic. */
  remove(subscription: Subscription): boolean {
    const subscriptions = this.#subscriptionsByTopic.get(subscription.topic);
    if (subscriptions === undefined || !subscriptions.delete(subscription)) {
      return false;
    }
    this.#handlersTotal -= 1;
    if (subscriptions.size > 0) {
      return false;
    }
    this.#subscriptionsByTopic.delete(subscription.topic);
    return true;
  }

  /** Calls every handler of a topic. */
  deliver(topic: string, payload: string): void {
    // A copy, because a handler may subscribe or dispose; who was disposed meanwhile hears nothing any more.
    const subscriptions = [...(this.#subscriptionsByTopic.get(topic) ?? [])];
    for (const subscription of subscriptions) {
      if (this.#subscriptionsByTopic.get(topic)?.has(subscription) === true) {
        this.#call(topic, () => subscription.handler(payload));
      }
    }
  }

  /** Notes that every present subscription may miss messages from now on. */
  markGaps(): void {
    for (const subscription of this.#all()) {
      subscription.hasGap = true;
    }
  }

  /** Tells every subscription that may have missed messages, and returns how many there were. */
  resetGaps(): number {
    const interrupted = [...this.#all()].filter(({ hasGap }) => hasGap);
    for (const subscription of interrupted) {
      subscription.hasGap = false;
      this.#call(subscription.topic, () => subscription.options.onReset?.());
    }
    return interrupted.length;
  }

  close(): void {
    this.#isClosed = true;
    this.#subscriptionsByTopic.clear();
    this.#handlersTotal = 0;
  }

  *#all(): Iterable<Subscription> {
    for (const subscriptions of this.#subscriptionsByTopic.values()) {
      yield* subscriptions;
    }
  }

  #assertTopic(topic: string): void {
    if (this.#isClosed) {
      throw busClosed();
    }
    if (topic === '' || topic.length > TOPIC_CHARS_MAX) {
      throw topicInvalid();
    }
  }

  #call(topic: string, callback: () => void | Promise<void>): void {
    try {
      const result = callback();
      if (result instanceof Promise) {
        result.catch((error: unknown) => this.#report(topic, error));
      }
    } catch (error) {
      this.#report(topic, error);
    }
  }

  #report(topic: string, error: unknown): void {
    if (this.#logger === undefined) {
      process.emitWarning(`a bus handler failed on ${topic}: ${String(error)}`);
      return;
    }
    this.#logger.error({ topic, err: error }, 'a bus handler failed');
  }
}
