import { watchLimitReached } from '../errors.ts';
import { createPoll, type Poll, type Seen, type WatchedSource } from './poll.ts';

/** The most watches of a process; each holds a stream and, if nobody watches the same, a timer. */
export const WATCHES_MAX = 1_000;

/** Shares one poll among all who watch the same thing. */
export interface WatchHub {
  /**
   * Yields the present version and then each one that differs from the one before. Whoever reads slowly misses versions in
   * between, never the last one. Ends by throwing: when the signal aborts, when the resource has gone, when it
   * cannot be looked at for long.
   *
   * @throws {AppError} WATCH_LIMIT_REACHED, RESOURCE_NOT_FOUND or what the connector throws.
   */
  watch(key: string, source: WatchedSource, signal: AbortSignal): AsyncGenerator<Seen, never, void>;
  /** How many watches there are. */
  readonly watchCount: number;
  /** How many polls they share. */
  readonly pollCount: number;
}

/** Limits of a hub. */
export interface WatchHubOptions {
  /** Default: WATCHES_MAX. */
  readonly watchesMax?: number;
}

/** Creates a hub without watches. */
export function createWatchHub({ watchesMax = WATCHES_MAX }: WatchHubOptions = {}): WatchHub {
  const polls = new Map<string, Poll>();
  let watchCount = 0;

  function pollOf(key: string, source: WatchedSource): Poll {
    const running = polls.get(key);
    if (running !== undefined && !running.hasEnded) return running;
    const poll = createPoll(source);
    polls.set(key, poll);
    return poll;
  }

  async function* watch(key: string, source: WatchedSource, signal: AbortSignal): AsyncGenerator<Seen, never, void> {
    if (watchCount >= watchesMax) throw watchLimitReached(watchesMax);
    watchCount += 1;
    const poll = pollOf(key, source);
    const watcher = poll.join();
    const leave = (): void => watcher.fail(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    try {
      while (true) yield await watcher.next();
    } finally {
      signal.removeEventListener('abort', leave);
      watchCount -= 1;
      poll.leave(watcher);
      if (poll.hasEnded && polls.get(key) === poll) polls.delete(key);
    }
  }

  return {
    watch,
    get watchCount() {
      return watchCount;
    },
    get pollCount() {
      return polls.size;
    },
  };
}
