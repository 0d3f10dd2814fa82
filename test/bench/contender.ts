import type { Load } from './load/load.ts';

/** A process whose processor time counts for a contender. */
export interface CountedProcess {
  readonly name: string;
  readonly pid: number;
}

/** Four looks a second cost nothing, and find a target that begins to answer wrongly. */
export const VERIFY_EVERY_MS = 250;

/** Something that runs and is measured. */
export interface Contender {
  readonly name: string;
  readonly processes: readonly CountedProcess[];
  readonly load: Load;
  /** Makes one request and checks its answer; rejects when it is wrong. Called again and again while the load runs. */
  readonly verify: () => Promise<void>;
}

/** Something that cannot be measured, and why. */
export interface Unavailable {
  readonly name: string;
  readonly reason: string;
}

/** Says how load is put on a contender. */
export interface LoadOptions {
  readonly connections: number;
  /** HTTP/2 connections that the requests in flight are spread over. */
  readonly channels: number;
  readonly sessions: number;
  /** Messages in flight over all sessions. */
  readonly sessionInFlight: number;
  readonly folder: string;
}
