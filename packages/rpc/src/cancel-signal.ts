/** Tells that nobody waits for an answer any more. An AbortSignal is one; what is less costs less. */
export interface CancelSignal {
  readonly aborted: boolean;
  /** Why; an AbortError when nothing else was said. */
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once: true }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * A signal and what sets it off, for calls that are hardly ever cancelled: a fraction of what an AbortController with one
 * listener costs.
 */
export class Cancellation implements CancelSignal {
  #cancelled: { readonly reason: unknown } | undefined;
  /** One a call that is made on behalf of whoever may cancel: mostly one, for which no Set is made. */
  #listener: (() => void) | undefined;
  #others: Set<() => void> | undefined;

  get aborted(): boolean {
    return this.#cancelled !== undefined;
  }

  get reason(): unknown {
    return this.#cancelled?.reason;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (this.#listener === undefined) this.#listener = listener;
    else (this.#others ??= new Set()).add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    if (this.#listener === listener) this.#listener = undefined;
    else this.#others?.delete(listener);
  }

  /** Sets the signal off; a second time does nothing. */
  cancel(reason: unknown = new DOMException('the client is gone', 'AbortError')): void {
    if (this.#cancelled !== undefined) return;
    this.#cancelled = { reason };
    this.#listener?.();
    this.#listener = undefined;
    // Whoever listens may stop listening meanwhile; a Set may be changed while it is walked through.
    this.#others?.forEach((listener) => listener());
    this.#others = undefined;
  }
}

/** Returns an AbortSignal that is set off with another signal, for what takes nothing less. */
export function toAbortSignal(signal: CancelSignal): AbortSignal {
  if (signal instanceof AbortSignal) return signal;
  if (signal.aborted) return AbortSignal.abort(signal.reason);
  const controller = new AbortController();
  signal.addEventListener('abort', () => controller.abort(signal.reason), { once: true });
  return controller.signal;
}
