import { watchTooSlow } from '../errors.ts';
import type { StoredPolicyEvent } from './policy-event.ts';

/** A minute of a busy cluster; whoever is further behind had better start over with an empty cache. */
export const WATCHER_EVENTS_MAX = 10_000;

/** One open policy stream: what was delivered to it and not read yet. */
export class PolicyWatcher {
  #unread: StoredPolicyEvent[] = [];
  #ended: { readonly error: Error | undefined } | undefined;
  #wake = Promise.withResolvers<void>();

  /** Delivers an event. The stream ends when too many are unread. */
  deliver(event: StoredPolicyEvent): void {
    if (this.#ended !== undefined) return;
    if (this.#unread.length >= WATCHER_EVENTS_MAX) {
      // What is unread goes too: the reader has to drop its cache anyway, and may never read again.
      this.#unread = [];
      this.end(watchTooSlow());
      return;
    }
    this.#unread.push(event);
    this.#wake.resolve();
  }

  /** Ends the stream, with an error or because its reader left. */
  end(error?: Error): void {
    this.#ended ??= { error };
    this.#wake.resolve();
  }

  get isEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** Yields events until the stream ends; throws what it ended with after the events delivered before. */
  async *events(): AsyncGenerator<StoredPolicyEvent, void, undefined> {
    while (true) {
      const batch = this.#unread;
      this.#unread = [];
      yield* batch;
      if (this.#unread.length > 0) continue;
      if (this.#ended?.error !== undefined) throw this.#ended.error;
      if (this.#ended !== undefined) return;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers<void>();
    }
  }
}
