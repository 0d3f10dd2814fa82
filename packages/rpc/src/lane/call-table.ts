/** Few calls are in flight on most lanes; the table doubles when it is half full, and keeps its size. */
const INITIAL_SLOTS = 64;

/** 2^32 over the golden ratio (Knuth, The Art of Computer Programming, 6.4): consecutive ids are far apart. */
const SPREAD = 0x9e37_79b1;

/**
 * Where an id belongs. Left as they are, consecutive ids would be neighbours in one long row, and each that is taken out of it
 * would have all behind it looked at.
 */
const homeOf = (id: number, slots: number): number => (Math.imul(id, SPREAD) >>> 16) & (slots - 1);

/** Goes around at the end; the number of slots is a power of two. */
const around = (slot: number, slots: number): number => slot & (slots - 1);

/**
 * The calls of a lane by their ids: a hash table with linear probing, whose slots are used again in place.
 *
 * Not a Map. A Map through which calls pass allocates another table every so many calls, and V8 links each to the next: the
 * first one that survives long enough to be moved to the old generation keeps all later ones alive, and every call that was in
 * them, until the next major collection. Measured: 13 % of all that was allocated.
 */
export class CallTable<T extends { readonly id: number }> implements Iterable<T> {
  #slots: (T | undefined)[] = emptySlots(INITIAL_SLOTS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    const slots = this.#slots;
    for (let slot = homeOf(id, slots.length); ; slot = around(slot + 1, slots.length)) {
      const call = slots[slot];
      if (call === undefined || call.id === id) return call;
    }
  }

  /** Adds a call whose id is not in the table. */
  add(call: T): void {
    if (this.#size * 2 >= this.#slots.length) this.#grow();
    insert(this.#slots, call);
    this.#size += 1;
  }

  /** Removes a call; false when it is not in the table. */
  delete(call: T): boolean {
    const slots = this.#slots;
    let slot = homeOf(call.id, slots.length);
    while (slots[slot] !== call) {
      if (slots[slot] === undefined) return false;
      slot = around(slot + 1, slots.length);
    }
    this.#size -= 1;
    slots[slot] = undefined;
    this.#closeGap(slot);
    return true;
  }

  clear(): void {
    this.#slots = emptySlots(INITIAL_SLOTS);
    this.#size = 0;
  }

  /** The calls that are in the table now; it may be changed meanwhile. */
  *[Symbol.iterator](): Generator<T> {
    for (const call of this.#slots.filter((slot) => slot !== undefined)) yield call;
  }

  /** Moves back those behind a free slot that were put there only because it was not free. */
  #closeGap(free: number): void {
    const slots = this.#slots;
    let gap = free;
    for (let slot = around(gap + 1, slots.length); ; slot = around(slot + 1, slots.length)) {
      const call = slots[slot];
      if (call === undefined) return;
      const home = homeOf(call.id, slots.length);
      // How far it is from its home, and how far the gap is behind it; both around the end.
      if (around(slot - home, slots.length) < around(slot - gap, slots.length)) continue;
      slots[gap] = call;
      slots[slot] = undefined;
      gap = slot;
    }
  }

  #grow(): void {
    const grown = emptySlots<T>(this.#slots.length * 2);
    for (const call of this) insert(grown, call);
    this.#slots = grown;
  }
}

function emptySlots<T>(count: number): (T | undefined)[] {
  return Array.from({ length: count }, () => undefined);
}

function insert<T extends { readonly id: number }>(slots: (T | undefined)[], call: T): void {
  let slot = homeOf(call.id, slots.length);
  while (slots[slot] !== undefined) slot = around(slot + 1, slots.length);
  slots[slot] = call;
}
