import { policyStale, shuttingDown, watchersExhausted } from '../errors.ts';
import type { StoredPolicyEvent } from './policy-event.ts';
import { PolicyWatcher } from './policy-watcher.ts';
import type { Clock, PolicyEventStore } from './ports.ts';

/** One stream per gateway replica; a thousand gateways are more than one auth replica can serve anyway. */
export const WATCHERS_MAX = 1_000;

/** Events read at once; more are read right after. */
export const EVENTS_PER_READ_MAX = 1_000;

/**
 * How old the last read may be. A change has to reach every gateway within a second: when reading fails for longer, and
 * one slow read is not yet a loss, gateways have to know that they may be stale.
 */
export const STALE_AFTER_MS = 2_000;

interface Deps {
  readonly events: PolicyEventStore;
  readonly clock: Clock;
  /** Is told when reads begin to fail; not of each one, which would be several a second. */
  readonly onReadsFailing: (error: unknown) => void;
}

/**
 * Delivers policy changes to the streams of this replica, whichever replica made them. The truth is the table of events,
 * read by `tick` a few times a second; `nudge` reads at once, when something says that there is news.
 */
export class PolicyFeed {
  readonly #deps: Deps;
  readonly #watchers = new Set<PolicyWatcher>();
  /** The last event delivered; undefined while the events cannot be followed. */
  #lastId: bigint | undefined;
  #freshAtMs = -Infinity;
  #reading: Promise<void> | undefined;
  #isNudged = false;
  #isFailing = false;
  #isClosed = false;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** Ends all streams when reads have failed for too long, and reads. To be called several times a second. */
  tick(): void {
    if (this.#isStale()) this.#lose();
    this.nudge();
  }

  /** Reads now, or once more right after the read that is under way. */
  nudge(): void {
    if (this.#isClosed) return;
    if (this.#reading !== undefined) {
      this.#isNudged = true;
      return;
    }
    this.#reading = this.#readAll().finally(() => (this.#reading = undefined));
  }

  /** Resolves when the read under way, if any, is done. */
  async settled(): Promise<void> {
    await this.#reading;
  }

  /**
   * Opens a stream. Whatever is committed after this returned is delivered, or the stream ends.
   *
   * @throws {AppError} POLICY_STALE, WATCHERS_EXHAUSTED, SHUTTING_DOWN.
   */
  watch(): PolicyWatcher {
    if (this.#isClosed) throw shuttingDown();
    if (this.#lastId === undefined || this.#isStale()) throw policyStale();
    if (this.#watchers.size >= WATCHERS_MAX) throw watchersExhausted(WATCHERS_MAX);
    const watcher = new PolicyWatcher();
    this.#watchers.add(watcher);
    return watcher;
  }

  /** Closes a stream whose reader left. */
  unwatch(watcher: PolicyWatcher): void {
    this.#watchers.delete(watcher);
    watcher.end();
  }

  /** Ends all streams: this replica is about to stop. */
  close(): void {
    this.#isClosed = true;
    this.#endAll(shuttingDown());
  }

  #isStale(): boolean {
    return this.#deps.clock.now() - this.#freshAtMs > STALE_AFTER_MS;
  }

  async #readAll(): Promise<void> {
    do {
      this.#isNudged = false;
      try {
        await this.#read();
        this.#isFailing = false;
      } catch (error) {
        if (!this.#isFailing) this.#deps.onReadsFailing(error);
        this.#isFailing = true;
        return;
      }
    } while (this.#isNudged && !this.#isClosed);
  }

  async #read(): Promise<void> {
    const { events, clock } = this.#deps;
    const startedAtMs = clock.now();
    const from = this.#lastId;
    if (from === undefined) {
      // Streams have ended, so nobody waits for what came before; a database that was restored may even count anew.
      this.#lastId = await events.latestId();
    } else {
      const found = await events.listAfter(from, EVENTS_PER_READ_MAX);
      // Given up on while it was under way.
      if (this.#lastId === undefined) return;
      this.#deliver(found);
      if (found.length === EVENTS_PER_READ_MAX) {
        // There may be more; only a reader that has caught up is fresh.
        this.#isNudged = true;
        return;
      }
    }
    this.#freshAtMs = startedAtMs;
  }

  #deliver(found: readonly StoredPolicyEvent[]): void {
    for (const event of found) {
      this.#lastId = event.id;
      for (const watcher of this.#watchers) watcher.deliver(event);
    }
    for (const watcher of this.#watchers) {
      if (watcher.isEnded) this.#watchers.delete(watcher);
    }
  }

  #lose(): void {
    this.#lastId = undefined;
    this.#endAll(policyStale());
  }

  #endAll(error: Error): void {
    for (const watcher of this.#watchers) watcher.end(error);
    this.#watchers.clear();
  }
}
