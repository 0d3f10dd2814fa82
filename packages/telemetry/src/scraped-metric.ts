import type { Metric, Registry } from 'prom-client';

/** One sample as prom-client writes it: a name of its own where it is not the metric's, and labels in two parts. */
export interface Sample {
  readonly value: number;
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  /** Labels that several samples share: the same object each time, as prom-client keeps their text by it. */
  readonly sharedLabels?: Readonly<Record<string, string>>;
}

/** What prom-client's registry takes from a metric when it is scraped. */
export interface Scrape {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'histogram';
  readonly aggregator: 'sum';
  readonly values: readonly Sample[];
}

/** The part of prom-client's metrics that its registry uses. */
export interface ScrapedMetric extends Omit<Scrape, 'values'> {
  /** Tells all samples, each with all its labels. */
  get(): Promise<Scrape>;
  /** The same for the text format, where prom-client wants shared labels apart; without it `get` is asked. */
  getForPromString?(): Promise<Scrape>;
  /** Forgets all that was recorded. */
  reset(): void;
}

/** Adds a metric that is not prom-client's own to its registries. */
export function registerScraped(metric: ScrapedMetric, registers: readonly Registry[]): void {
  // prom-client 15.1.3's registry reads no more than ScrapedMetric of a metric; only its types ask for one of its classes.
  for (const registry of registers) registry.registerMetric(metric as unknown as Metric);
}
