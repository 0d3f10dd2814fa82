import { expect, vi } from 'vitest';

import { type FixtureOptions, GatewayFixture } from './gateway-fixture.ts';

/** A gateway whose context/get is answered when the test says so, by its query. */
export async function startGated(options: FixtureOptions = {}) {
  const gates = new Map<string, () => void>();
  const aborted: string[] = [];
  const fixture = await GatewayFixture.start({
    ...options,
    overrides: {
      context: {
        getContext: async ({ query }, { signal }) => {
          const gate = Promise.withResolvers<void>();
          gates.set(query, gate.resolve);
          signal.addEventListener('abort', () => {
            aborted.push(query);
            gate.reject(signal.reason);
          });
          await gate.promise;
          return { items: [], total: 0n, queryId: query };
        },
      },
    },
  });
  const begun = (count: number) => vi.waitFor(() => expect(gates.size).toBe(count), { timeout: 5_000 });
  const open = (query: string) => gates.get(query)?.();
  return { fixture, gates, begun, open, aborted };
}

/** Reads a gauge of a gateway. */
export async function gaugeOf(
  fixture: GatewayFixture,
  name: string,
  labels: Record<string, string> = {},
): Promise<number> {
  const metric = await fixture.platform.metrics.getSingleMetric(name)?.get();
  const found = metric?.values.find((value) =>
    Object.entries(labels).every(([key, text]) => value.labels[key] === text),
  );
  return found?.value ?? 0;
}
