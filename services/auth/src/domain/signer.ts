import { ASSERTION_LIFETIME_SECONDS, type Principal, signAssertion, type SignedAssertion } from '@gantry/identity';

import type { Clock, SigningKeyStore } from './ports.ts';
import type { GenerateSigningKey, SigningKeyPair } from './signing-key.ts';

/** How far clocks of two machines may be apart: a key stays published for this long after its last assertion. */
const LEEWAY_MS = 60_000;

/** A verifier looks for a key it does not know at most once a second, and the list it then gets may be 100 ms old. */
const SPREAD_MS = 1_250;

const LIFETIME_MS = ASSERTION_LIFETIME_SECONDS * 1_000;

interface Deps {
  readonly keys: SigningKeyStore;
  readonly generate: GenerateSigningKey;
  readonly clock: Clock;
  /** How long a key signs before the next one takes over. */
  readonly rotateAfterMs: number;
  /** Waits; a new key is not used before every verifier can find it. */
  readonly sleep: (ms: number) => Promise<void>;
}

/** A key that is published, and until when it may sign. */
interface ActiveKey {
  readonly pair: SigningKeyPair;
  readonly rotateAtMs: number;
  readonly signsUntilMs: number;
}

/**
 * Signs assertions with a key of this process, and replaces the key in time. A key is published before it signs, and stays
 * published until the last assertion it signed has expired.
 */
export class Signer {
  readonly #deps: Deps;
  #active: ActiveKey | undefined;
  #rotating: Promise<ActiveKey> | undefined;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Makes and publishes the first key. Takes a second when there are verifiers already, else none. */
  async start(): Promise<void> {
    const { keys, clock } = this.#deps;
    const others = await keys.list(clock.now(), 1);
    await this.#replace(others.length > 0 ? SPREAD_MS : 0);
  }

  /** Signs an assertion. Fails like the database when it was lost for so long that the key could not be replaced. */
  async sign(principal: Principal): Promise<SignedAssertion> {
    const nowMs = this.#deps.clock.now();
    const present = this.#active;
    const isUsable = present !== undefined && present.signsUntilMs > nowMs;
    const { pair } = isUsable ? present : await this.#rotateOnce();
    return signAssertion(principal, pair, nowMs);
  }

  /** Replaces the key when it is time. A failure leaves the present key, which is good for as long again. */
  async rotateIfDue(): Promise<void> {
    if (this.#active === undefined || this.#active.rotateAtMs > this.#deps.clock.now()) return;
    await this.#rotateOnce();
  }

  /** Brings the end of the present key forward, because nothing will be signed with it any more. */
  async retire(): Promise<void> {
    const active = this.#active;
    this.#active = undefined;
    if (active === undefined) return;
    await this.#deps.keys.retire(active.pair.keyId, this.#deps.clock.now() + LIFETIME_MS + LEEWAY_MS);
  }

  #rotateOnce(): Promise<ActiveKey> {
    this.#rotating ??= this.#replace(SPREAD_MS).finally(() => (this.#rotating = undefined));
    return this.#rotating;
  }

  async #replace(spreadMs: number): Promise<ActiveKey> {
    const { keys, generate, clock, rotateAfterMs, sleep } = this.#deps;
    const pair = await generate();
    const nowMs = clock.now();
    // Twice the time, so that a database that is away when the key is due does not stop authentication once it is back.
    const signsUntilMs = nowMs + 2 * rotateAfterMs;
    const { keyId, publicKey } = pair;
    await keys.publish({ keyId, publicKey, expiresAtMs: signsUntilMs + LIFETIME_MS + LEEWAY_MS }, nowMs);
    if (spreadMs > 0) await sleep(spreadMs);
    const active = { pair, rotateAtMs: nowMs + rotateAfterMs, signsUntilMs };
    this.#active = active;
    return active;
  }
}
