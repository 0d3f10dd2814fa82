import { overloaded } from '../errors.ts';

/** What bodies may take of a process together: with it a gateway at its limit stays within a gigabyte. */
const BODY_BYTES_TOTAL_MAX = 256 * 1024 * 1024;

/** What those of one credential may take: sixteen of the largest, and a quarter of all. */
const BODY_BYTES_PER_CREDENTIAL_MAX = 64 * 1024 * 1024;

/** What a body takes of the budget. Disposing it gives all of it back. */
export interface BodyShare extends Disposable {
  /** Takes more. @throws {AppError} GATEWAY_OVERLOADED. */
  take(bytes: number): void;
}

/** Counts the bytes of bodies that are being received and worked on. */
export interface BodyBudget {
  open(credentialId: string): BodyShare;
  readonly bytes: number;
}

/** How much there is. */
export interface BodyBudgetLimits {
  /** Default {@link BODY_BYTES_TOTAL_MAX}. */
  readonly totalMax?: number;
  /** Default {@link BODY_BYTES_PER_CREDENTIAL_MAX}. */
  readonly perCredentialMax?: number;
}

/** Creates a budget of which nothing is taken. */
export function createBodyBudget({
  totalMax = BODY_BYTES_TOTAL_MAX,
  perCredentialMax = BODY_BYTES_PER_CREDENTIAL_MAX,
}: BodyBudgetLimits = {}): BodyBudget {
  return new CountedBudget(totalMax, perCredentialMax);
}

/** What the bodies of one credential take. */
interface Account {
  readonly credentialId: string;
  bytes: number;
  shares: number;
}

class CountedBudget implements BodyBudget {
  readonly #totalMax: number;
  readonly #perCredentialMax: number;
  /** Bounded by the connections: only credentials that have a share open are in it. */
  readonly #accounts = new Map<string, Account>();
  #bytes = 0;

  constructor(totalMax: number, perCredentialMax: number) {
    this.#totalMax = totalMax;
    this.#perCredentialMax = perCredentialMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  open(credentialId: string): BodyShare {
    let account = this.#accounts.get(credentialId);
    if (account === undefined) {
      account = { credentialId, bytes: 0, shares: 0 };
      this.#accounts.set(credentialId, account);
    }
    account.shares += 1;
    return new CountedShare(this, account);
  }

  /** Takes from the account and from all. @throws {AppError} GATEWAY_OVERLOADED. */
  take(account: Account, bytes: number): void {
    if (this.#bytes + bytes > this.#totalMax) {
      throw overloaded('the gateway is receiving as much as it can hold; wait a moment and try again');
    }
    if (account.bytes + bytes > this.#perCredentialMax) {
      throw overloaded('this credential is sending as much as it may at a time; wait for answers first');
    }
    account.bytes += bytes;
    this.#bytes += bytes;
  }

  /** Ends a share, which gives back what it took. */
  close(account: Account, bytes: number): void {
    this.#bytes -= bytes;
    account.bytes -= bytes;
    account.shares -= 1;
    if (account.shares === 0) this.#accounts.delete(account.credentialId);
  }
}

class CountedShare implements BodyShare {
  readonly #budget: CountedBudget;
  readonly #account: Account;
  #bytes = 0;
  #isOpen = true;

  constructor(budget: CountedBudget, account: Account) {
    this.#budget = budget;
    this.#account = account;
  }

  take(bytes: number): void {
    this.#budget.take(this.#account, bytes);
    this.#bytes += bytes;
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#budget.close(this.#account, this.#bytes);
  }
}
