import type { Bus } from './bus.ts';
import { type HandlerLogger, SubscriptionTable } from './subscription-table.ts';

/** Options of the in-process bus. */
export interface MemoryBusOptions {
  /** Takes the errors of handlers. Without one they become process warnings. */
  readonly logger?: HandlerLogger;
}

/**
 * Creates a bus whose messages never leave the process, for a cluster that is one process and for tests.
 *
 * Like the Redis bus it delivers after `publish` returned control, in order, and never within the publisher's stack.
 */
export function createMemoryBus({ logger }: MemoryBusOptions = {}): Bus {
  const table = new SubscriptionTable(logger);
  return {
    async publish(topic, payload) {
      table.assertMessage(topic, payload);
      queueMicrotask(() => table.deliver(topic, payload));
    },
    async subscribe(topic, handler, options = {}) {
      const subscription = table.add(topic, handler, options);
      return { [Symbol.asyncDispose]: async () => void table.remove(subscription) };
    },
    [Symbol.asyncDispose]: async () => table.close(),
  };
}
