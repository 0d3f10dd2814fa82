import type { PendingRequest } from './pending-request.ts';

/** Requests that wait to be sent, in order. A list whose links are in the requests: any of them can be taken out at once. */
export class RequestQueue {
  #first: PendingRequest | undefined;
  #last: PendingRequest | undefined;
  #length = 0;
  #size = 0;

  get length(): number {
    return this.#length;
  }

  /** About how many bytes the requests hold. */
  get size(): number {
    return this.#size;
  }

  push(request: PendingRequest): void {
    request.before = this.#last;
    if (this.#last === undefined) this.#first = request;
    else this.#last.after = request;
    this.#last = request;
    this.#count(1, request);
  }

  /** Puts a request before all others: it has waited already. */
  unshift(request: PendingRequest): void {
    request.after = this.#first;
    if (this.#first === undefined) this.#last = request;
    else this.#first.before = request;
    this.#first = request;
    this.#count(1, request);
  }

  shift(): PendingRequest | undefined {
    const request = this.#first;
    if (request !== undefined) this.delete(request);
    return request;
  }

  /** Takes a request out; does nothing when it is not there. */
  delete(request: PendingRequest): void {
    if (request !== this.#first && request.before === undefined) return;
    if (request.before === undefined) this.#first = request.after;
    else request.before.after = request.after;
    if (request.after === undefined) this.#last = request.before;
    else request.after.before = request.before;
    request.before = undefined;
    request.after = undefined;
    this.#count(-1, request);
  }

  #count(sign: 1 | -1, request: PendingRequest): void {
    this.#length += sign;
    this.#size += sign * request.size;
  }
}
