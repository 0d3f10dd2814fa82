import fc from 'fast-check';
import { Counter, Histogram } from 'prom-client';
import { expect, test } from 'vitest';

import { createCounter } from './counter.ts';
import { createHistogram } from './histogram.ts';
import { createMetricsRegistry } from './metrics-registry.ts';

const BUCKETS = [0.1, 0.5, 1, 2.5];
const LABEL_NAMES = ['tool', 'outcome'] as const;

type Labels = Readonly<Record<(typeof LABEL_NAMES)[number], string>>;

/** Values with everything that the text format escapes; few, so that series come again. */
const labelValue = fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', 'é', ' '), maxLength: 2 });
const labels = fc.record({ tool: labelValue, outcome: labelValue });
const value = fc.oneof(
  fc.constantFrom(0, 1, ...BUCKETS, 1e21, 1e-7, Number.MAX_SAFE_INTEGER),
  fc.double({ min: 0, max: 5, noNaN: true }),
);
/** What can be done to a metric: record a value under labels, record one without, or reset the registry. */
const operations = fc.array(fc.oneof({ weight: 15, arbitrary: fc.record({ labels, value }) }, fc.constant('reset')), {
  maxLength: 40,
});

/** Two registries with the same metrics, of prom-client and ours, and a way to do the same to both. */
function createTwins() {
  const theirs = createMetricsRegistry({ service: 'tool' });
  const ours = createMetricsRegistry({ service: 'tool' });
  const counter = { name: 'calls_total', help: 'Calls,\nby \\ "tool".', labelNames: LABEL_NAMES };
  const histogram = { name: 'call_seconds', help: 'Time.', labelNames: LABEL_NAMES, buckets: BUCKETS };
  const theirCounter = new Counter({ ...counter, registers: [theirs] });
  const theirPlainCounter = new Counter({ name: 'plain_total', help: 'Plain.', registers: [theirs] });
  const theirHistogram = new Histogram({ ...histogram, registers: [theirs] });
  const theirPlainHistogram = new Histogram({ name: 'plain', help: 'Plain.', buckets: BUCKETS, registers: [theirs] });
  const ourCounter = createCounter({ ...counter, registers: [ours] });
  const ourPlainCounter = createCounter({ name: 'plain_total', help: 'Plain.', registers: [ours] });
  const ourHistogram = createHistogram({ ...histogram, registers: [ours] });
  const ourPlainHistogram = createHistogram({ name: 'plain', help: 'Plain.', buckets: BUCKETS, registers: [ours] });
  return {
    theirs,
    ours,
    record(labels: Labels, value: number) {
      theirCounter.labels(labels).inc(value);
      ourCounter.labels(labels).inc(value);
      theirHistogram.labels(labels).observe(value);
      ourHistogram.labels(labels).observe(value);
      theirPlainCounter.inc(value);
      ourPlainCounter.labels({}).inc(value);
      theirPlainHistogram.observe(value);
      ourPlainHistogram.labels({}).observe(value);
    },
    reset() {
      theirs.resetMetrics();
      ours.resetMetrics();
    },
  };
}

/** The order in which labels are first given is the order in which they are shown. */
function reversed({ tool, outcome }: Labels): Labels {
  return { outcome, tool };
}

test("the exposition is prom-client's to the byte, whatever is recorded", async () => {
  await fc.assert(
    fc.asyncProperty(operations, fc.boolean(), async (operations, isOutcomeFirst) => {
      const twins = createTwins();
      for (const operation of operations) {
        if (operation === 'reset') twins.reset();
        else twins.record(isOutcomeFirst ? reversed(operation.labels) : operation.labels, operation.value);
      }
      expect(await twins.ours.metrics()).toBe(await twins.theirs.metrics());
    }),
  );
});

test('the exposition stays the same from scrape to scrape, with what was recorded between them', async () => {
  const twins = createTwins();
  for (const value of [0, 0.3, 7]) {
    twins.record({ tool: 'echo', outcome: 'succeeded' }, value);
    expect(await twins.ours.metrics()).toBe(await twins.theirs.metrics());
  }
});

test("the metrics as JSON are prom-client's, but for exemplars", async () => {
  const twins = createTwins();
  twins.record({ tool: 'echo', outcome: 'succeeded' }, 0.3);
  const [ours, theirs] = await Promise.all([twins.ours.getMetricsAsJSON(), twins.theirs.getMetricsAsJSON()]);
  for (const metric of theirs) for (const sample of metric.values) if ('exemplar' in sample) delete sample.exemplar;
  expect(ours).toEqual(theirs);
});
