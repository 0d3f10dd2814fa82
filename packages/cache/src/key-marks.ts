/** About 10 MB when full, which takes this many deletes during one outage. */
export const MARKS_MAX = 65_536;

/** Proves which mark is meant, so that an older operation cannot lift a newer one's mark. */
export type MarkToken = object;

/**
 * Marks keys for a time. When there is no room for another, all keys count as marked for that time: forgetting a mark
 * would be wrong, marking too much is only slow.
 */
export class KeyMarks {
  readonly #marksByKey = new Map<string, { readonly token: MarkToken; readonly untilMs: number }>();
  #allUntilMs = 0;

  /** Marks a key until a time, replacing its earlier mark. */
  mark(key: string, untilMs: number, nowMs: number): MarkToken {
    const token = {};
    if (this.#marksByKey.size >= MARKS_MAX && !this.#marksByKey.has(key)) {
      this.#sweep(nowMs);
    }
    if (this.#marksByKey.size >= MARKS_MAX && !this.#marksByKey.has(key)) {
      this.#allUntilMs = Math.max(this.#allUntilMs, untilMs, this.#latestMs());
      this.#marksByKey.clear();
      return token;
    }
    this.#marksByKey.set(key, { token, untilMs });
    return token;
  }

  /** Returns the token of a key's present mark. */
  tokenOf(key: string): MarkToken | undefined {
    return this.#marksByKey.get(key)?.token;
  }

  /** Lifts a mark, unless another has taken its place. */
  lift(key: string, token: MarkToken | undefined): void {
    if (token !== undefined && this.#marksByKey.get(key)?.token === token) {
      this.#marksByKey.delete(key);
    }
  }

  has(key: string, nowMs: number): boolean {
    return nowMs < this.#allUntilMs || nowMs < (this.#marksByKey.get(key)?.untilMs ?? 0);
  }

  #sweep(nowMs: number): void {
    for (const [key, { untilMs }] of this.#marksByKey) {
      if (untilMs <= nowMs) {
        this.#marksByKey.delete(key);
      }
    }
  }

  #latestMs(): number {
    return this.#marksByKey.values().reduce((latestMs, { untilMs }) => Math.max(latestMs, untilMs), 0);
  }
}
