// The part of opossum 10 that breaker.ts uses; the package ships no types and @types/opossum describes version 8.
declare module 'opossum' {
  import type { EventEmitter } from 'node:events';

  interface Options {
    readonly timeout: false;
    readonly resetTimeout: number;
    readonly errorThresholdPercentage: number;
    readonly volumeThreshold: number;
    readonly rollingCountTimeout: number;
    readonly rollingCountBuckets: number;
    readonly rollingPercentilesEnabled: false;
    readonly enableSnapshots: false;
    readonly rotateBucketController: EventEmitter;
  }

  class CircuitBreaker<Arguments extends readonly unknown[]> {
    constructor(action: (...args: Arguments) => Promise<void>, options: Options);
    /** Closed or not, and when half-open, whether the probe is still to come. */
    readonly closed: boolean;
    readonly opened: boolean;
    readonly halfOpen: boolean;
    readonly pendingClose: boolean;
    fire(...args: Arguments): Promise<void>;
    open(): void;
    on(event: 'open' | 'halfOpen' | 'close', listener: () => void): this;
    shutdown(): void;
  }

  export = CircuitBreaker;
}
