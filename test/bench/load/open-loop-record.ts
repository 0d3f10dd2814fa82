import { LatencyHistogram } from '../figures/latency-histogram.ts';
import type { OpenLoopResult, OpenLoopWindow } from './open-loop-job.ts';

/** What is recorded of one window. */
export interface WindowRecord {
  /** A request was sent so long after it was due. */
  left(lateMs: number): void;
  /** A request was answered so long after it was due. */
  answered(latencyMs: number, fault: unknown): void;
}

/** What is recorded of the windows of one target, and of all of them together. */
export class OpenLoopRecord {
  readonly #requestsPerWindow: number;
  readonly #windows: Histograms[] = [];
  readonly #all = new Histograms();

  constructor(requestsPerWindow: number) {
    this.#requestsPerWindow = requestsPerWindow;
  }

  beginWindow(): WindowRecord {
    const own = new Histograms();
    this.#windows.push(own);
    const both = [own, this.#all];
    return {
      left: (lateMs) => both.forEach(({ lateness }) => lateness.record(lateMs)),
      answered: (latencyMs, fault) => {
        // A wrong answer has no latency, and is missed in the end.
        if (fault === undefined) both.forEach(({ latencies }) => latencies.record(latencyMs));
      },
    };
  }

  result(windowSeconds: number): Omit<OpenLoopResult, 'hasPriority'> {
    const { latencies } = this.#all;
    const windows = this.#windows.length;
    return {
      ...this.#all.read(),
      requests: latencies.total,
      seconds: windows * windowSeconds,
      errors: windows * this.#requestsPerWindow - latencies.total,
      p999Ms: latencies.percentileMs(0.999),
      maxMs: latencies.maxMs,
      windows: this.#windows.map((window) => window.read()),
    };
  }
}

class Histograms {
  readonly latencies = new LatencyHistogram();
  readonly lateness = new LatencyHistogram();

  read(): OpenLoopWindow {
    return {
      p50Ms: this.latencies.percentileMs(0.5),
      p99Ms: this.latencies.percentileMs(0.99),
      lateP99Ms: this.lateness.percentileMs(0.99),
    };
  }
}
