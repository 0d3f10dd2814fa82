import type { Registry } from '@gantry/telemetry';
import { Counter, Histogram } from 'prom-client';

import type { UpsertResult } from './domain/document.ts';

/** What the context service counts beyond its RPCs. */
export interface ContextMetrics {
  /** Counts what became of documents. */
  countUpserts(results: readonly UpsertResult[]): void;
  /** Observes how many passages matched a question. */
  observeMatches(total: number): void;
  /** Counts sessions that were purged because nobody used them. */
  countPurgedSessions(count: number): void;
}

/** From a question that is too narrow, through a good one, to one that matches nearly everything. */
const MATCH_BUCKETS = [0, 1, 10, 100, 1_000, 10_000, 100_000];

/** Registers the metrics. */
export function createContextMetrics(registry: Registry): ContextMetrics {
  const upserts = new Counter({
    name: 'gantry_context_upserts_total',
    help: 'Documents upserted, by outcome.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const matches = new Histogram({
    name: 'gantry_context_matched_passages',
    help: 'Passages that matched a question.',
    buckets: MATCH_BUCKETS,
    registers: [registry],
  });
  const purged = new Counter({
    name: 'gantry_context_sessions_purged_total',
    help: 'Sessions deleted because nobody appended to them for a day.',
    registers: [registry],
  });
  return {
    countUpserts(results) {
      for (const { outcome } of results) upserts.inc({ outcome });
    },
    observeMatches: (total) => matches.observe(total),
    countPurgedSessions: (count) => purged.inc(count),
  };
}
