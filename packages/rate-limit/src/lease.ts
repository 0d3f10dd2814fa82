import type { LeaseReply, UnusedTokens } from './token-store.ts';

/**
 * How long leased tokens may be used. Long beside the 100 to 200 ms that a lease is meant for, so that an uneven flow of
 * requests uses it up; with the sweep that gives the rest back, under the second that tokens may lie idle at most.
 */
export const LEASE_MS = 750;

/** Says what was leased and when. */
export interface LeaseOptions {
  readonly key: string;
  readonly intervalUs: number;
  readonly tokens: number;
  readonly reply: LeaseReply;
  /** When it was asked for, on this process' clock: everything is counted from then, which errs on the strict side. */
  readonly askedAtUs: number;
}

/** Tokens in hand. */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #intervalUs: number;
  readonly #endUs: number;
  readonly #lapsesAtUs: number;
  #left: number;

  constructor(options: LeaseOptions) {
    const { askedAtUs, reply, tokens, intervalUs } = options;
    this.#options = options;
    this.#intervalUs = intervalUs;
    this.#endUs = askedAtUs + reply.debtUs;
    this.#lapsesAtUs = askedAtUs + LEASE_MS * 1_000;
    this.#left = tokens;
  }

  /** Tokens not used yet; some of them may be void. */
  get left(): number {
    return this.#left;
  }

  hasLapsed(nowUs: number): boolean {
    return nowUs >= this.#lapsesAtUs;
  }

  /**
   * Uses up to `count` tokens and returns how many.
   *
   * Each is a cell, a span of time; one that has begun is void, because by then it has flown back into the bucket where
   * another replica can take it.
   */
  spend(nowUs: number, count: number): number {
    if (this.hasLapsed(nowUs)) return 0;
    const valid = Math.min(this.#left, Math.floor((this.#endUs - nowUs) / this.#intervalUs));
    const spent = Math.max(0, Math.min(valid, count));
    this.#left = Math.max(0, valid - spent);
    return spent;
  }

  /** Returns what is to be given back, if anything is left. */
  unused(): UnusedTokens | undefined {
    const { key, intervalUs, reply } = this.#options;
    return this.#left === 0 ? undefined : { key, intervalUs, tokens: this.#left, arrivalUs: reply.arrivalUs };
  }
}
