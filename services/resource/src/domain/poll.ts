/** A version of a watched resource. */
export interface Seen {
  /** SHA-256 of the content, in hex. */
  readonly version: string;
  readonly canonicalUri: string;
}

/** What a poll looks at, and how often. */
export interface WatchedSource {
  /** Looks; returns undefined when nothing changed since the last look. */
  look(signal: AbortSignal): Promise<Seen | undefined>;
  /** Resolves when it is time for the next look; rejects when the signal aborts. */
  wait(signal: AbortSignal): Promise<void>;
  /** Tells whether an error may pass by itself, so that the watch goes on. */
  isTransient(error: unknown): boolean;
}

/** One who follows a poll. */
interface Watcher {
  /** Resolves with the newest version not yet taken. One call at a time. */
  next(): Promise<Seen>;
  /** Makes the pending and every later `next` reject, once a version not yet taken is gone. */
  fail(error: unknown): void;
}

/** One loop that looks at a source for all who follow it. */
export interface Poll {
  join(): Watcher;
  /** Ends the poll with its last watcher. */
  leave(watcher: Watcher): void;
  readonly hasEnded: boolean;
}

/** A source may fail this often in a row before its watches end: at the slowest rate, two and a half minutes. */
const FAILURES_IN_A_ROW_MAX = 5;

/** Starts a poll. */
export function createPoll(source: WatchedSource): Poll {
  const watchers = new Set<Slot>();
  const ending = new AbortController();
  let last: Seen | undefined;

  function publish(seen: Seen): void {
    if (seen.version === last?.version && seen.canonicalUri === last.canonicalUri) return;
    last = seen;
    for (const watcher of watchers) watcher.offer(seen);
  }

  async function run(): Promise<never> {
    let failures = 0;
    while (true) {
      try {
        const seen = await source.look(ending.signal);
        if (seen !== undefined) publish(seen);
        failures = 0;
      } catch (error) {
        failures += 1;
        // Who asks for something that cannot be read now wants to hear it at once; later on it may pass.
        if (last === undefined || failures > FAILURES_IN_A_ROW_MAX || !source.isTransient(error)) throw error;
      }
      await source.wait(ending.signal);
    }
  }

  run().catch((error: unknown) => {
    ending.abort(error);
    for (const watcher of watchers) watcher.fail(error);
  });

  return {
    join() {
      const watcher = new Slot();
      watchers.add(watcher);
      if (last !== undefined) watcher.offer(last);
      if (ending.signal.aborted) watcher.fail(ending.signal.reason);
      return watcher;
    },
    leave(watcher) {
      for (const slot of watchers) if (slot === watcher) watchers.delete(slot);
      if (watchers.size === 0) ending.abort();
    },
    get hasEnded() {
      return ending.signal.aborted;
    },
  };
}

/** Holds the newest version until its watcher takes it: a queue of one, so that a slow client costs nothing. */
class Slot implements Watcher {
  #newest: Seen | undefined;
  #failure: { readonly error: unknown } | undefined;
  #pending: PromiseWithResolvers<Seen> | undefined;

  offer(seen: Seen): void {
    if (this.#pending === undefined) {
      this.#newest = seen;
      return;
    }
    this.#pending.resolve(seen);
    this.#pending = undefined;
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#pending?.reject(error);
    this.#pending = undefined;
  }

  next(): Promise<Seen> {
    const newest = this.#newest;
    this.#newest = undefined;
    if (newest !== undefined) return Promise.resolve(newest);
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    this.#pending = Promise.withResolvers<Seen>();
    return this.#pending.promise;
  }
}
