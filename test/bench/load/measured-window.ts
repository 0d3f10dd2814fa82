import { LatencyHistogram } from '../figures/latency-histogram.ts';
import type { LoadResult } from './load.ts';

const MS_PER_SECOND = 1_000;

/** Counts what ends within a number of seconds; before and after it nothing counts. */
export class MeasuredWindow {
  readonly #histogram = new LatencyHistogram();
  readonly #fromMs = performance.now();
  readonly #toMs: number;
  readonly #seconds: number;
  readonly #done = Promise.withResolvers<void>();
  #errors = 0;

  constructor(seconds: number) {
    this.#seconds = seconds;
    this.#toMs = this.#fromMs + seconds * MS_PER_SECOND;
    setTimeout(() => this.#done.resolve(), seconds * MS_PER_SECOND);
  }

  /** Counts a correct answer that came now. */
  answered(startedAtMs: number): void {
    const nowMs = performance.now();
    if (nowMs <= this.#toMs) this.#histogram.record(nowMs - startedAtMs);
  }

  /** Counts an answer that was wrong, or did not come. */
  failed(): void {
    this.#errors += 1;
  }

  /** Ends it early, with a reason. */
  abort(reason: unknown): void {
    this.#done.reject(reason);
  }

  /** Resolves when the seconds are over. */
  async result(): Promise<LoadResult> {
    await this.#done.promise;
    return {
      requests: this.#histogram.total,
      seconds: this.#seconds,
      errors: this.#errors,
      p50Ms: this.#histogram.percentileMs(0.5),
      p99Ms: this.#histogram.percentileMs(0.99),
    };
  }
}
