/** A value that is there, or will be. */
export type Eventual<T> = T | Promise<T>;

/** What is done next, with a value or with what was thrown instead. */
export interface Continuation<T, U> {
  readonly onValue: (value: T) => Eventual<U>;
  readonly onThrown: (thrown: unknown) => Eventual<U>;
}

/**
 * Does some work and goes on with its outcome: at once when that is there at once. Most steps of a request need not wait for
 * anything, and a promise for each of them would cost more than the steps do.
 */
export function settle<T, U>(work: () => Eventual<T>, { onValue, onThrown }: Continuation<T, U>): Eventual<U> {
  let value: Eventual<T>;
  try {
    value = work();
  } catch (thrown) {
    return onThrown(thrown);
  }
  return value instanceof Promise ? value.then(onValue, onThrown) : onValue(value);
}

/** Goes on with a value, at once when it is there at once. */
export function proceed<T, U>(value: Eventual<T>, next: (value: T) => Eventual<U>): Eventual<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
