/** Few requests are in flight on most connections; the table doubles when it has as many, and keeps its size. */
const INITIAL_CHAINS = 16;

/** Ids that begin alike, such as with a name and a number, end differently. */
const HASHED_CHARACTERS_MAX = 32;

/** FNV-1a, 32 bits. */
const HASH_START = 0x811c9dc5;
const HASH_FACTOR = 0x01000193;

/**
 * What belongs to the requests in flight of a connection, by the JSON texts of their ids: a hash table that is used in place.
 *
 * Not a Map. A Map through which requests pass allocates another table every so many of them, and V8 links each to the next: one
 * that has become old keeps all later ones alive, and everything that was in them, until the next major collection. Ids that a
 * client has chosen to share a chain cost it, and nobody else much: no more of them are in flight than a connection may have.
 */
export class IdTable<T> {
  #chains: (Entry<T> | undefined)[] = emptyChains(INITIAL_CHAINS);
  #size = 0;

  get(idText: string): T | undefined {
    const hash = hashOf(idText);
    let entry = this.#chains[hash & (this.#chains.length - 1)];
    while (entry !== undefined && !isOf(entry, hash, idText)) entry = entry.next;
    return entry?.value;
  }

  /** Adds what belongs to an id that is not in the table. */
  add(idText: string, value: T): void {
    if (this.#size >= this.#chains.length) this.#grow();
    const hash = hashOf(idText);
    const chain = hash & (this.#chains.length - 1);
    this.#chains[chain] = { idText, hash, value, next: this.#chains[chain] };
    this.#size += 1;
  }

  /** Removes what belongs to an id, if there is anything. */
  delete(idText: string): void {
    const hash = hashOf(idText);
    const chain = hash & (this.#chains.length - 1);
    let before: Entry<T> | undefined;
    let entry = this.#chains[chain];
    while (entry !== undefined && !isOf(entry, hash, idText)) {
      before = entry;
      entry = entry.next;
    }
    if (entry === undefined) return;
    if (before === undefined) this.#chains[chain] = entry.next;
    else before.next = entry.next;
    this.#size -= 1;
  }

  /** What is in the table now; it may be changed meanwhile. What belongs to several ids comes several times. */
  values(): readonly T[] {
    return this.#entries().map(({ value }) => value);
  }

  #entries(): Entry<T>[] {
    const entries: Entry<T>[] = [];
    for (const first of this.#chains) {
      for (let entry = first; entry !== undefined; entry = entry.next) entries.push(entry);
    }
    return entries;
  }

  #grow(): void {
    const entries = this.#entries();
    this.#chains = emptyChains(this.#chains.length * 2);
    for (const entry of entries) {
      const chain = entry.hash & (this.#chains.length - 1);
      entry.next = this.#chains[chain];
      this.#chains[chain] = entry;
    }
  }
}

interface Entry<T> {
  readonly idText: string;
  readonly hash: number;
  readonly value: T;
  /** The next one of its chain. */
  next: Entry<T> | undefined;
}

function emptyChains<T>(count: number): (Entry<T> | undefined)[] {
  return Array.from({ length: count }, () => undefined);
}

function isOf(entry: Entry<unknown>, hash: number, idText: string): boolean {
  return entry.hash === hash && entry.idText === idText;
}

function hashOf(text: string): number {
  let hash = HASH_START;
  for (let index = Math.max(0, text.length - HASHED_CHARACTERS_MAX); index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), HASH_FACTOR);
  }
  return hash >>> 0;
}
