/** Receives the payload of one message. What it throws is logged, and other handlers are not affected. */
export type BusHandler = (payload: string) => void | Promise<void>;

/** Options of one subscription. */
export interface SubscribeOptions {
  /**
   * Called when messages may have been missed and the subscription works again: drop what was derived from messages.
   *
   * Never called by the in-process bus, which misses nothing.
   */
  readonly onReset?: () => void;
}

/**
 * Publishes to and hears from every replica, at most once, without history.
 *
 * Nothing that must not be lost may depend on it: it carries hints such as "this key changed". Messages of one publisher
 * on one topic arrive in order. A publisher also hears itself.
 */
export interface Bus extends AsyncDisposable {
  /**
   * Sends a payload to all current subscribers of a topic and returns when the bus has taken it, not when it arrived.
   *
   * @throws {AppError} INVALID_ARGUMENT BUS_PAYLOAD_TOO_LARGE over {@link PAYLOAD_BYTES_MAX}, BUS_TOPIC_INVALID;
   *   UNAVAILABLE REDIS_UNAVAILABLE when the bus is lost; FAILED_PRECONDITION BUS_CLOSED after disposal.
   */
  publish(topic: string, payload: string): Promise<void>;
  /**
   * Hears a topic until the returned subscription is disposed.
   *
   * From the moment it returns, each message is either delivered or followed by `onReset`. It therefore also succeeds
   * while the bus is lost.
   *
   * @throws {AppError} INVALID_ARGUMENT BUS_TOPIC_INVALID; RESOURCE_EXHAUSTED BUS_SUBSCRIPTIONS_FULL over
   *   {@link TOPICS_MAX} topics or {@link HANDLERS_MAX} handlers; FAILED_PRECONDITION BUS_CLOSED after disposal.
   */
  subscribe(topic: string, handler: BusHandler, options?: SubscribeOptions): Promise<AsyncDisposable>;
}

/** Enough for an identifier with its reason; a bus message is a hint, and every replica gets every one of them. */
export const PAYLOAD_BYTES_MAX = 64 * 1_024;
/** Topics are compared and stored once per replica; a longer one is data in the wrong place. */
export const TOPIC_CHARS_MAX = 256;
/** A service has a handful of fixed topics, plus one per waiting request; connections per replica stay far below this. */
export const TOPICS_MAX = 10_000;
/** As many as topics: most topics have one handler. */
export const HANDLERS_MAX = 10_000;
