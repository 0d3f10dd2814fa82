import { randomUUID } from 'node:crypto';

/** All of a UUID but its last twelve digits. */
const PREFIX_CHARACTERS = 24;
const COUNT_DIGITS = 12;
const HEX = 16;

/** The ids of the requests of one connection: a UUID whose last twelve digits count. A random one for each costs three times as much. */
export class RequestIds {
  readonly #prefix = randomUUID().slice(0, PREFIX_CHARACTERS);
  #count = 0;

  next(): string {
    this.#count += 1;
    return this.#prefix + this.#count.toString(HEX).padStart(COUNT_DIGITS, '0');
  }
}
