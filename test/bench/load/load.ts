/** What one run of load against one target gave. */
export interface LoadResult {
  /** Requests that were answered correctly. */
  readonly requests: number;
  readonly seconds: number;
  /** Requests that were not. */
  readonly errors: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Puts load on a target for a number of seconds. */
export interface Load {
  /** The program that makes it, as it stands in the report. */
  readonly generator: string;
  run(seconds: number): Promise<LoadResult>;
}
