import { takeCells } from '../src/gcra.ts';
import { LEASE_MS } from '../src/lease.ts';
import type { LeaseReply, LeaseRequest, TokenStore, UnusedTokens } from '../src/token-store.ts';

const LEASE_US = LEASE_MS * 1_000;

/** A store in the process that does what the scripts do, step by step: the model they are checked against. */
export class MemoryTokenStore implements TokenStore {
  readonly #nowUs: () => number;
  readonly #arrivalUsByKey = new Map<string, number>();
  readonly #givenByKey = new Map<string, { readonly us: number; readonly untilUs: number }>();
  readonly leases: LeaseRequest[] = [];
  readonly givenBack: UnusedTokens[] = [];
  /** When set, every operation fails with it. */
  failure: Error | undefined;

  constructor(nowUs: () => number) {
    this.#nowUs = nowUs;
  }

  async lease(request: LeaseRequest): Promise<LeaseReply> {
    if (this.failure !== undefined) throw this.failure;
    return this.leaseNow(request);
  }

  async giveBack(unused: UnusedTokens): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.giveBackNow(unused);
  }

  leaseNow(request: LeaseRequest): LeaseReply {
    this.leases.push(request);
    const nowUs = this.#nowUs();
    const { granted, waitUs, arrivalUs } = takeCells({
      ...request,
      nowUs,
      arrivalUs: this.#arrivalUsByKey.get(request.key),
    });
    if (granted > 0) this.#arrivalUsByKey.set(request.key, arrivalUs);
    return { granted, waitUs, arrivalUs, debtUs: arrivalUs - nowUs };
  }

  /** Returns how many tokens were put back. */
  giveBackNow(unused: UnusedTokens): number {
    this.givenBack.push(unused);
    const { key, tokens, intervalUs, arrivalUs } = unused;
    const nowUs = this.#nowUs();
    const backUs = tokens * intervalUs;
    const given = this.#givenByKey.get(key);
    const givenUs = given === undefined || given.untilUs <= nowUs ? 0 : given.us;
    const left = (this.#arrivalUsByKey.get(key) ?? 0) - backUs;
    if (arrivalUs - backUs - givenUs < nowUs + LEASE_US || left < nowUs + LEASE_US) return 0;
    this.#arrivalUsByKey.set(key, left);
    this.#givenByKey.set(key, { us: givenUs + backUs, untilUs: nowUs + 2 * LEASE_US });
    return tokens;
  }

  /** Loses everything, as FLUSHALL does. */
  flush(): void {
    this.#arrivalUsByKey.clear();
    this.#givenByKey.clear();
  }
}
