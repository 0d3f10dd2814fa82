/** Two digits after the first of a binary number: a value is off by at most 1/128. */
const SUB_BUCKET_BITS = 7;
const SUB_BUCKETS = 2 ** SUB_BUCKET_BITS;
/** Up to 2^31 µs, which is half an hour. */
const OCTAVES = 32 - SUB_BUCKET_BITS;
const US_PER_MS = 1_000;

/**
 * Counts latencies in buckets whose width grows with the value, so that millions of them cost 13 KB, and what is read out
 * is off by less than a hundredth.
 */
export class LatencyHistogram {
  readonly #counts = new Float64Array(SUB_BUCKETS * (OCTAVES + 1));
  #total = 0;
  #maxMs = 0;

  /** How many latencies were counted. */
  get total(): number {
    return this.#total;
  }

  /** The largest, exactly. */
  get maxMs(): number {
    return this.#maxMs;
  }

  /** Counts one latency. What is negative counts as 0, and what is longer than half an hour as that. */
  record(ms: number): void {
    const index = Math.min(indexOf(Math.max(0, Math.round(ms * US_PER_MS))), this.#counts.length - 1);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total += 1;
    this.#maxMs = Math.max(this.#maxMs, ms);
  }

  /** Returns the latency that at least this share of those counted does not exceed; 0 when there are none. */
  percentileMs(share: number): number {
    const rank = Math.max(1, Math.ceil(this.#total * share));
    let seen = 0;
    for (const [index, count] of this.#counts.entries()) {
      seen += count;
      if (count > 0 && seen >= rank) return Math.min(highestOf(index) / US_PER_MS, this.#maxMs);
    }
    return 0;
  }
}

/** Values below 128 have a bucket each; above, each doubling is cut into 128. */
function indexOf(us: number): number {
  if (us < SUB_BUCKETS) return us;
  const octave = Math.floor(Math.log2(us)) - SUB_BUCKET_BITS + 1;
  return octave * SUB_BUCKETS + Math.floor(us / 2 ** (octave - 1)) - SUB_BUCKETS;
}

/** Returns the largest value that falls into a bucket. */
function highestOf(index: number): number {
  if (index < SUB_BUCKETS) return index;
  const octave = Math.floor(index / SUB_BUCKETS);
  const width = 2 ** (octave - 1);
  return (index - octave * SUB_BUCKETS + SUB_BUCKETS + 1) * width - 1;
}
