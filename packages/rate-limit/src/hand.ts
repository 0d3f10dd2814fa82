import type { Lease } from './lease.ts';
import type { Lessor } from './lessor.ts';

/** The tokens of one key that this replica holds: the lease in use, and the next one when it has come. */
export class Hand {
  readonly #lessor: Pick<Lessor, 'giveBack'>;
  readonly #leases: Lease[] = [];

  constructor(lessor: Pick<Lessor, 'giveBack'>) {
    this.#lessor = lessor;
  }

  /** Tokens not used yet; some of them may be void. */
  get left(): number {
    let left = 0;
    for (const lease of this.#leases) left += lease.left;
    return left;
  }

  add(lease: Lease): void {
    this.#leases.push(lease);
  }

  /** Uses up to `count` tokens, the oldest first, and returns how many. */
  spend(nowUs: number, count: number): number {
    let missing = count;
    for (let lease = this.#leases[0]; lease !== undefined; lease = this.#leases[0]) {
      missing -= lease.spend(nowUs, missing);
      if (missing === 0) break;
      this.#dropFirst();
    }
    return count - missing;
  }

  /** Gives back what was leased too long ago. */
  sweep(nowUs: number): void {
    while (this.#leases[0]?.hasLapsed(nowUs) === true) this.#dropFirst();
  }

  /** Gives everything back. */
  empty(): void {
    while (this.#leases.length > 0) this.#dropFirst();
  }

  #dropFirst(): void {
    const unused = this.#leases.shift()?.unused();
    if (unused !== undefined) this.#lessor.giveBack(unused);
  }
}
