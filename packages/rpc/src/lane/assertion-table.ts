import type { ServerLaneLimits } from './lane-limits.ts';

/** The assertions that calls of one lane refer to; the oldest go first when there are too many or they are too long. */
export class AssertionTable {
  readonly #valueById = new Map<number, string>();
  readonly #limits: Pick<ServerLaneLimits, 'assertionsMax' | 'assertionCharactersMax'>;
  #characters = 0;
  #lastId = 0;

  constructor(limits: Pick<ServerLaneLimits, 'assertionsMax' | 'assertionCharactersMax'>) {
    this.#limits = limits;
  }

  /** Keeps an assertion; false when its id is not above every earlier one. */
  put(id: number, value: string): boolean {
    if (id <= this.#lastId) return false;
    this.#lastId = id;
    this.#valueById.set(id, value);
    this.#characters += value.length;
    for (const [oldId, old] of this.#valueById) {
      if (this.#isWithinLimits()) break;
      this.#valueById.delete(oldId);
      this.#characters -= old.length;
    }
    return true;
  }

  get(id: number): string | undefined {
    return this.#valueById.get(id);
  }

  #isWithinLimits(): boolean {
    const { assertionsMax, assertionCharactersMax } = this.#limits;
    return this.#valueById.size <= assertionsMax && this.#characters <= assertionCharactersMax;
  }
}
