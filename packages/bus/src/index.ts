export {
  type Bus,
  type BusHandler,
  HANDLERS_MAX,
  PAYLOAD_BYTES_MAX,
  type SubscribeOptions,
  TOPIC_CHARS_MAX,
  TOPICS_MAX,
} from './bus.ts';
export { createMemoryBus, type MemoryBusOptions } from './memory-bus.ts';
export { createRedisBus, type RedisBusOptions } from './redis-bus.ts';
