import type { Clock } from '@gantry/telemetry';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { MemoryTokenStore } from '../test/memory-token-store.ts';
import { createReplica, type Replica } from '../test/replica.ts';
import { takeCells } from './gcra.ts';
import { type RateDecision, type RateLimit, toCellRate } from './rate-limiter.ts';
import type { LeaseReply, LeaseRequest, TokenStore, UnusedTokens } from './token-store.ts';

const START_MS = 1_790_000_000_000;

/** Tokens by the time they were used at, which for those that requests waited for is when the store granted them. */
type Book = { readonly atMs: number; readonly tokens: number }[];

/** A store whose operations reach it, and whose answers come back, when the test says so. */
class SlowTokenStore implements TokenStore {
  readonly #store: MemoryTokenStore;
  readonly #sent: (() => void)[] = [];
  readonly #answers: (() => void)[] = [];
  /** What requests waited for and got. */
  grantedOnDemand = 0;

  constructor(store: MemoryTokenStore) {
    this.#store = store;
  }

  lease(request: LeaseRequest): Promise<LeaseReply> {
    const { promise, resolve } = Promise.withResolvers<LeaseReply>();
    this.#sent.push(() => {
      const reply = this.#store.leaseNow(request);
      this.grantedOnDemand += Math.min(request.demand, reply.granted);
      this.#answers.push(() => resolve(reply));
    });
    return promise;
  }

  async giveBack(unused: UnusedTokens): Promise<void> {
    this.#sent.push(() => void this.#store.giveBackNow(unused));
  }

  /** Lets the oldest operation reach the store. */
  arrive(): void {
    this.#sent.shift()?.();
  }

  /** Lets the oldest answer come back. */
  async answer(): Promise<void> {
    this.#answers.shift()?.();
    // The answer passes through the gate, the limiter and the key.
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  }
}

interface Flow {
  readonly count: number;
  readonly everyMs: number;
  readonly wait: (ms: number) => void;
}

/** A replica with a clock of its own and a slow way to the store, that books when it used which tokens. */
class SlowReplica {
  readonly #store: SlowTokenStore;
  readonly #replica: Replica;
  readonly #book: Book;
  readonly #clock: Clock;
  #grantedLate = 0;
  #bookedLate = 0;
  /** Requests that are not settled. */
  pending = 0;

  constructor(store: MemoryTokenStore, { clock, book, aheadMs }: { clock: Clock; book: Book; aheadMs: number }) {
    this.#clock = clock;
    this.#book = book;
    this.#store = new SlowTokenStore(store);
    this.#replica = createReplica(this.#store, { now: () => clock.now() + aheadMs });
  }

  /** One token: of several, those in hand would be used before the promise for the others tells. */
  request(limit: RateLimit): void {
    const decision = this.#replica.limiter.take('key', limit);
    if (!(decision instanceof Promise)) {
      this.#write(decision.granted);
      expectConsistent(decision);
      return;
    }
    this.pending += 1;
    void decision.then((late) => {
      expectConsistent(late);
      this.pending -= 1;
      this.#grantedLate += late.granted;
    });
  }

  arrive(): void {
    const before = this.#store.grantedOnDemand;
    this.#store.arrive();
    this.#write(this.#store.grantedOnDemand - before);
    this.#bookedLate += this.#store.grantedOnDemand - before;
  }

  async answer(): Promise<void> {
    await this.#store.answer();
    // What came out of a lease for requests that had waited was used now at the latest.
    const fromLeases = Math.max(0, this.#grantedLate - this.#bookedLate);
    this.#write(fromLeases);
    this.#bookedLate += fromLeases;
  }

  /** Requests one after the other over a store that answers at once. */
  async flow(limit: RateLimit, { count, everyMs, wait }: Flow): Promise<void> {
    for (let sent = 0; sent < count; sent += 1) {
      this.request(limit);
      this.arrive();
      await this.answer();
      wait(everyMs);
    }
  }

  sweep(): void {
    this.#replica.sweep();
  }

  #write(tokens: number): void {
    if (tokens > 0) this.#book.push({ atMs: this.#clock.now(), tokens });
  }
}

function expectConsistent({ allowed, granted, retryAfterMs }: RateDecision): void {
  expect(granted).toBe(Number(allowed));
  expect(retryAfterMs > 0).toBe(!allowed);
}

/** Replays what was used through one exact bucket. */
function expectWithin(limit: RateLimit, used: Book): void {
  const rate = toCellRate('key', limit);
  if (rate === undefined) throw new Error('there is a limit');
  let arrivalUs: number | undefined;
  for (const { atMs, tokens } of used) {
    const taken = takeCells({ ...rate, arrivalUs, nowUs: atMs * 1_000, demand: tokens, ahead: 0 });
    expect(taken.granted).toBe(tokens);
    ({ arrivalUs } = taken);
  }
}

const CLOCKS_AHEAD_MS = [0, 3_600_000, -86_400_000, 12_345] as const;
const ROUNDS_MAX = 3;
const index = fc.nat(CLOCKS_AHEAD_MS.length - 1);
const requests = (max: number) =>
  fc.record({ kind: fc.constant('request' as const), index, count: fc.integer({ min: 1, max }) });
const wait = (msMax: number) => fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(msMax) });
const step = fc.oneof(
  { weight: 3, arbitrary: requests(3) },
  { weight: 2, arbitrary: requests(400) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('arrive' as const, 'answer' as const, 'sweep' as const), index }),
  },
  // Steady use, which is what makes a replica lease ahead.
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('flow' as const), index, count: fc.nat(40), everyMs: fc.nat(20) }),
  },
  { weight: 2, arbitrary: wait(30) },
  { weight: 2, arbitrary: wait(1_000) },
);
const limits = fc.oneof(
  fc.record({ perMinute: fc.integer({ min: 600, max: 600_000 }), burst: fc.integer({ min: 50, max: 500 }) }),
  fc.record({ perMinute: fc.integer({ min: 1, max: 100_000 }), burst: fc.integer({ min: 1, max: 2_000 }) }),
);

test('whatever comes when and where, no span of time sees more than its burst and rate, and nobody waits for ever', async () => {
  await fc.assert(
    fc.asyncProperty(limits, fc.array(step, { minLength: 10, maxLength: 60 }), async (limit, steps) => {
      const clock = { nowMs: START_MS, now: () => clock.nowMs };
      const shared = new MemoryTokenStore(() => clock.nowMs * 1_000);
      const book: Book = [];
      const replicas = CLOCKS_AHEAD_MS.map((aheadMs) => new SlowReplica(shared, { clock, book, aheadMs }));
      for (const taken of steps) {
        if (taken.kind === 'wait') {
          clock.nowMs += taken.ms;
          continue;
        }
        const replica = replicas[taken.index];
        if (taken.kind === 'request') repeat(taken.count, () => replica?.request(limit));
        else if (taken.kind !== 'flow') await replica?.[taken.kind]();
        else await replica?.flow(limit, { ...taken, wait: (ms) => (clock.nowMs += ms) });
      }
      // A request waits for the answer that was under way when it came, and for one more.
      for (let round = 0; round < ROUNDS_MAX; round += 1) for (const replica of replicas) await settle(replica);

      expect(replicas.map(({ pending }) => pending)).toEqual(CLOCKS_AHEAD_MS.map(() => 0));
      expectWithin(limit, book);
    }),
    { numRuns: 300 },
  );
});

function repeat(times: number, task: () => void): void {
  for (let done = 0; done < times; done += 1) task();
}

async function settle(replica: SlowReplica): Promise<void> {
  // Tokens given back stand in the same queue.
  repeat(400, () => replica.arrive());
  await replica.answer();
}
