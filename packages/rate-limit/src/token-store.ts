import type { CellRate } from './rate-limiter.ts';

/** Says how many tokens of a key are wanted. */
export interface LeaseRequest extends CellRate {
  readonly key: string;
  /** Tokens that requests wait for: they are granted before any other and count as used at once. */
  readonly demand: number;
  /** Tokens wanted beyond the demand, to be used later; 0 or more. */
  readonly ahead: number;
}

/** What a store gave. All times are of the store's clock, in microseconds. */
export interface LeaseReply {
  /** Up to demand plus ahead. */
  readonly granted: number;
  /** The time until the key has a token again, 0 while it has one. */
  readonly waitUs: number;
  /** The end of the last granted cell, which is the key's arrival time. */
  readonly arrivalUs: number;
  /** How far `arrivalUs` lies ahead of the store's clock. */
  readonly debtUs: number;
}

/** Leased tokens that nobody used: consecutive cells before one arrival time. */
export interface UnusedTokens extends Pick<CellRate, 'intervalUs'> {
  readonly key: string;
  readonly tokens: number;
  /** The end of the last of them, on the store's clock. */
  readonly arrivalUs: number;
}

/** Where all replicas take their tokens from. */
export interface TokenStore {
  /** Takes tokens, as many as there are. Rejects when the store is lost; the tokens may be taken nevertheless. */
  lease(request: LeaseRequest): Promise<LeaseReply>;
  /** Puts tokens back where that cannot break the limit, else lets them go. Rejects when the store is lost. */
  giveBack(unused: UnusedTokens): Promise<void>;
}
