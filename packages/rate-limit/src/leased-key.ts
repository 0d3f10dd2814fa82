import { Drought } from './drought.ts';
import { Hand } from './hand.ts';
import { aheadMax, emptyForUs, nextAhead } from './lease-size.ts';
import { Lease } from './lease.ts';
import type { LimitedKey, Lessor, TokenHolder } from './lessor.ts';
import { type CellRate, grantAll, type RateDecision, type RateLimit } from './rate-limiter.ts';
import type { LeaseReply } from './token-store.ts';

/** Requests that may wait for one key: far more than a process works on at once, but not any number. */
const WAITING_MAX = 100_000;
/** The next lease is asked for when this part of the last one is left: 25 ms of requests, many times a round trip. */
const LOW_WATER_SHARE = 1 / 4;

/** Says which key, and what its limit is, as given and in GCRA's terms. */
export interface LeasedKeyOptions extends LimitedKey {
  readonly rate: CellRate;
}

/** One key under one limit on this replica: its tokens in hand, and the requests that wait for more. */
export class LeasedKey implements LimitedKey, TokenHolder {
  readonly key: string;
  readonly limit: RateLimit;
  readonly #lessor: Lessor;
  readonly #rate: CellRate;
  readonly #aheadMax: number;
  readonly #hand: Hand;
  readonly #drought = new Drought();
  #waiting: Waiting[] = [];
  #isAsking = false;
  #askedAtUs = -Infinity;
  #ahead = 0;
  /** When no more than so many tokens are in hand, the next ones are asked for. */
  #lowWater = 0;

  constructor(lessor: Lessor, { key, limit, rate }: LeasedKeyOptions) {
    this.key = key;
    this.limit = { ...limit };
    this.#lessor = lessor;
    this.#rate = rate;
    this.#aheadMax = aheadMax(rate);
    this.#hand = new Hand(lessor);
  }

  /** Takes tokens in hand, and asks the store for those that are missing. */
  take(count: number): RateDecision | Promise<RateDecision> {
    const nowUs = this.#lessor.nowUs();
    const missing = count - this.#hand.spend(nowUs, count);
    if (missing > 0) return this.#takeMissing(nowUs, { count, missing });
    if (!this.#isAsking && this.#hand.left <= this.#lowWater) this.#askAhead(nowUs);
    return grantAll(count);
  }

  sweep(nowUs: number): boolean {
    this.#hand.sweep(nowUs);
    return this.#hand.left > 0;
  }

  /** Gives everything back, because the key or its limit is forgotten. */
  surrender(): void {
    this.#hand.empty();
  }

  #takeMissing(nowUs: number, wanted: Wanted): RateDecision | Promise<RateDecision> {
    if (this.#drought.isOn(nowUs)) return this.#refuse(nowUs, wanted);
    if (this.#lessor.isLost()) return this.#substitute(wanted);
    if (this.#waiting.length >= WAITING_MAX) return this.#refuse(nowUs, wanted);
    const { promise, resolve } = Promise.withResolvers<RateDecision>();
    this.#waiting.push({ ...wanted, settle: resolve });
    if (!this.#isAsking) void this.#ask(nowUs);
    return promise;
  }

  #askAhead(nowUs: number): void {
    if (this.#drought.isOn(nowUs) || this.#lessor.isLost()) return;
    void this.#ask(nowUs);
  }

  /** Asks for what the waiting requests need and for what the next ones will. Once at a time. */
  async #ask(nowUs: number): Promise<void> {
    const served = this.#waiting.splice(0);
    const demand = served.reduce((sum, { missing }) => sum + missing, 0);
    this.#ahead = nextAhead({ ahead: this.#ahead, elapsedUs: nowUs - this.#askedAtUs, max: this.#aheadMax });
    this.#askedAtUs = nowUs;
    this.#isAsking = true;
    const attempt = await this.#lessor.lease({ ...this.#rate, key: this.key, demand, ahead: this.#ahead });
    this.#isAsking = false;
    if (attempt.ok) this.#accept(attempt.value, { served, demand });
    else for (const request of [...served, ...this.#waiting.splice(0)]) request.settle(this.#substitute(request));
  }

  #accept(reply: LeaseReply, { served, demand }: Asked): void {
    const nowUs = this.#lessor.nowUs();
    this.#drought.begin(nowUs, emptyForUs(this.#rate, reply.waitUs));
    this.#serve(served, { granted: reply.granted, nowUs });
    const tokens = Math.max(0, reply.granted - demand);
    this.#lowWater = Math.floor(tokens * LOW_WATER_SHARE);
    if (tokens > 0) this.#hold(reply, tokens);
    this.#serveLate(nowUs);
  }

  #hold(reply: LeaseReply, tokens: number): void {
    const { intervalUs } = this.#rate;
    this.#hand.add(new Lease({ key: this.key, intervalUs, tokens, reply, askedAtUs: this.#askedAtUs }));
    this.#lessor.hold(this);
  }

  /** Settles the requests that the tokens were asked for, in their order: the store counts these as used. */
  #serve(served: readonly Waiting[], { granted, nowUs }: { readonly granted: number; readonly nowUs: number }): void {
    let left = granted;
    for (const { count, missing, settle } of served) {
      const given = Math.min(left, missing);
      left -= given;
      settle(given === missing ? grantAll(count) : this.#refuse(nowUs, { count, missing: missing - given }));
    }
  }

  /** Settles the requests that came meanwhile, as if they came now; those that need more are asked for. */
  #serveLate(nowUs: number): void {
    for (const { count, missing, settle } of this.#waiting.splice(0)) {
      const rest = missing - this.#hand.spend(nowUs, missing);
      if (rest === 0) settle(grantAll(count));
      else if (this.#drought.isOn(nowUs)) settle(this.#refuse(nowUs, { count, missing: rest }));
      else this.#waiting.push({ count, missing: rest, settle });
    }
    if (this.#waiting.length > 0) void this.#ask(nowUs);
  }

  #refuse(nowUs: number, { count, missing }: Wanted): RateDecision {
    return { allowed: false, granted: count - missing, retryAfterMs: this.#drought.leftMs(nowUs) };
  }

  #substitute({ count, missing }: Wanted): RateDecision | Promise<RateDecision> {
    const decision = this.#lessor.substitute(this, missing);
    if (count === missing) return decision;
    const add = (local: RateDecision) => ({ ...local, granted: local.granted + count - missing });
    return decision instanceof Promise ? decision.then(add) : add(decision);
  }
}

/** How many tokens a request is for, and how many of them it does not have. */
interface Wanted {
  readonly count: number;
  readonly missing: number;
}

interface Waiting extends Wanted {
  readonly settle: (decision: RateDecision | Promise<RateDecision>) => void;
}

/** What the store was asked for. */
interface Asked {
  readonly served: readonly Waiting[];
  readonly demand: number;
}
