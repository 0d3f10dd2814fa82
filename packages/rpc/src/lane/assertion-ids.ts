import { CLIENT_ASSERTION_CHARACTERS_MAX, CLIENT_ASSERTIONS_MAX } from './lane-limits.ts';

/** The ids by which calls of one lane refer to assertions that the server was sent. */
export class AssertionIds {
  /** Oldest first: the server forgets the oldest first too. */
  readonly #idByAssertion = new Map<string, number>();
  #characters = 0;
  #lastId = 0;

  /** Returns the id of an assertion; a new one must be sent before it is referred to. */
  idOf(assertion: string): { readonly id: number; readonly isNew: boolean } {
    const known = this.#idByAssertion.get(assertion);
    if (known !== undefined) return { id: known, isNew: false };
    this.#lastId += 1;
    this.#idByAssertion.set(assertion, this.#lastId);
    this.#characters += assertion.length;
    for (const [old] of this.#idByAssertion) {
      if (this.#isWithinLimits()) break;
      this.#idByAssertion.delete(old);
      this.#characters -= old.length;
    }
    return { id: this.#lastId, isNew: true };
  }

  /** Forgets all: the server does not know one of them. */
  clear(): void {
    this.#idByAssertion.clear();
    this.#characters = 0;
  }

  #isWithinLimits(): boolean {
    return this.#idByAssertion.size <= CLIENT_ASSERTIONS_MAX && this.#characters <= CLIENT_ASSERTION_CHARACTERS_MAX;
  }
}
