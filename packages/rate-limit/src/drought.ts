/** A refusal is believed for this long at most, however long the wait: tokens may be given back, or all keys be lost. */
const BELIEVED_US_MAX = 1_000_000;
const US_PER_MS = 1_000;

/** What is known of a bucket that was found empty: until when it has no token, and until when nobody needs to ask. */
export class Drought {
  #endsAtUs = 0;
  #askAgainAtUs = 0;

  /** Notes that there is no token for so long, 0 when there is one. */
  begin(nowUs: number, forUs: number): void {
    this.#endsAtUs = nowUs + forUs;
    this.#askAgainAtUs = nowUs + Math.min(forUs, BELIEVED_US_MAX);
  }

  isOn(nowUs: number): boolean {
    return nowUs < this.#askAgainAtUs;
  }

  /** The time until there is a token, in milliseconds, rounded up; at least 1. */
  leftMs(nowUs: number): number {
    return Math.max(1, Math.ceil((this.#endsAtUs - nowUs) / US_PER_MS));
  }
}
