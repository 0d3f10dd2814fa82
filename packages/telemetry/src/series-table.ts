/** The labels of one series: each name of the metric with a value. */
export type SeriesLabels<L extends string> = Readonly<Record<L, string>>;

/** What a table holds: something that forgets what it has recorded. */
export interface Series {
  clear(): void;
}

/** Makes a series; it calls `onFirstUse` before the first thing that it records, also after `clear`. */
export type MakeSeries<S extends Series> = (
  labels: Readonly<Record<string, string>>,
  onFirstUse: (series: S) => void,
) => S;

/**
 * The series of one metric. One is made for each set of labels and kept for ever: labels must come from a bounded set.
 *
 * A series is shown once it has recorded something, in the order of first use, as prom-client does.
 */
export class SeriesTable<L extends string, S extends Series> {
  readonly #labelNames: readonly L[];
  readonly #makeSeries: MakeSeries<S>;
  readonly #seriesByKey = new Map<string, S>();
  #used: S[] = [];

  constructor(labelNames: readonly L[], makeSeries: MakeSeries<S>) {
    this.#labelNames = labelNames;
    this.#makeSeries = makeSeries;
  }

  /** The series that have recorded something, the first one first. */
  get used(): readonly S[] {
    return this.#used;
  }

  /**
   * Returns the series of these labels; they are shown in the order in which they are first given.
   *
   * @throws {TypeError} when a label of the metric is missing, or one is given that it does not have.
   */
  get(labels: SeriesLabels<L>): S {
    const key = this.#keyOf(labels);
    const known = this.#seriesByKey.get(key);
    if (known !== undefined) return known;
    const created = this.#makeSeries({ ...labels }, (series) => this.#used.push(series));
    this.#seriesByKey.set(key, created);
    return created;
  }

  /** Clears all series; whoever holds one goes on using it. */
  clear(): void {
    this.#used = [];
    for (const series of this.#seriesByKey.values()) series.clear();
  }

  #keyOf(labels: SeriesLabels<L>): string {
    const given = Object.keys(labels);
    if (given.length !== this.#labelNames.length || !this.#labelNames.every((name) => Object.hasOwn(labels, name)))
      throw new TypeError(`the labels are ${this.#labelNames.join(', ')}, not ${given.join(', ')}`);
    return JSON.stringify(this.#labelNames.map((name) => labels[name]));
  }
}
