/** What one run of load against one target gave. */
export interface LoadResult {
  /** Requests that were answered correctly. */
  readonly requests: number;
  readonly seconds: number;
  /** Requests that were not. */
  readonly errors: number;
  /** Undefined where the generator cannot know. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

/** Puts load on a target for a number of seconds. */
export interface Load {
  /** The program that makes it, as it stands in the report. */
  readonly generator: string;
  run(seconds: number): Promise<LoadResult>;
}
