import { SERVER_ASSERTION_CHARACTERS_MAX, SERVER_ASSERTIONS_MAX } from './lane-limits.ts';

/** The assertions that calls of one lane refer to; the oldest go first when there are too many or they are too long. */
export class AssertionTable {
  readonly #valueById = new Map<number, string>();
  #characters = 0;
  #lastId = 0;

  /** Keeps an assertion; false when its id is not above every earlier one. */
  put(id: number, value: string): boolean {
    if (id <= this.#lastId) return false;
    this.#lastId = id;
    this.#valueById.set(id, value);
    this.#characters += value.length;
    for (const [oldId, old] of this.#valueById) {
      if (this.#valueById.size <= SERVER_ASSERTIONS_MAX && this.#characters <= SERVER_ASSERTION_CHARACTERS_MAX) break;
      this.#valueById.delete(oldId);
      this.#characters -= old.length;
    }
    return true;
  }

  get(id: number): string | undefined {
    return this.#valueById.get(id);
  }
}
