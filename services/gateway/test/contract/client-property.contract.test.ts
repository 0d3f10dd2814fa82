import { connect, SessionError } from '@gantry/client';
import { startTcpProxy } from '@gantry/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { GatewayFixture } from '../gateway-fixture.ts';

const RUNS = 150;
const SEED = 20_261_128;
const REQUESTS_MAX = 60;

/** One thing that happens; requests that are in flight go on meanwhile. */
const step = fc.oneof(
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('request' as const), idempotent: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('cancel' as const), index: fc.nat(REQUESTS_MAX) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('turn' as const), turns: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'answer' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'cut' as const }) },
);

test('every request settles once, with its own answer, whatever is cancelled or breaks', async () => {
  const gates = new Set<() => void>();
  await using fixture = await GatewayFixture.start({
    overrides: {
      context: {
        getContext: async ({ query }) => {
          await new Promise<void>((resolve) => gates.add(resolve));
          return { items: [], total: 0n, queryId: query };
        },
      },
    },
  });
  await using proxy = await startTcpProxy(fixture.grpcTarget);
  const answerAll = () => {
    for (const open of gates) open();
    gates.clear();
  };

  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: REQUESTS_MAX }),
      fc.integer({ min: 1, max: 3 }),
      async (steps, sessions) => {
        await using session = connect({ target: proxy.address, apiKey: fixture.key, sessions, inFlightMax: 4 });
        const cancels: AbortController[] = [];
        const outcomes: Promise<unknown>[] = [];
        const settled: number[] = [];
        const request = (index: number, idempotent: boolean) => {
          const controller = new AbortController();
          cancels.push(controller);
          const params = { query: `${index}` };
          const answered = session.request('context/get', params, { idempotent, signal: controller.signal });
          const count = () => (settled[index] = (settled[index] ?? 0) + 1);
          void answered.then(count, count);
          outcomes.push(answered.catch((error: unknown) => error));
        };
        for (const happening of steps) {
          if (happening.kind === 'request') request(outcomes.length, happening.idempotent);
          else if (happening.kind === 'cancel') cancels[happening.index]?.abort();
          else if (happening.kind === 'answer') answerAll();
          else if (happening.kind === 'cut') {
            proxy.cut();
            proxy.heal();
          } else for (let turn = 0; turn < happening.turns; turn += 1) await new Promise(setImmediate);
        }
        const timer = setInterval(answerAll, 1);
        const results = await Promise.all(outcomes);
        clearInterval(timer);
        for (const [index, result] of results.entries()) {
          if (result instanceof SessionError) expect(result.reason).toBe('CONNECTION_LOST');
          else if (cancels[index]?.signal.aborted === true && result instanceof DOMException)
            expect(result.name).toBe('AbortError');
          else expect(result).toMatchObject({ query_id: `${index}` });
        }
        expect(settled).toEqual(results.map(() => 1));
      },
    ),
    { numRuns: RUNS, seed: SEED },
  );
}, 60_000);
