const DONE = { done: true, value: undefined } as const;

/** What a method answers that could stream, and has one message to say. Lighter than a generator that yields it. */
export function onlyReply<T>(reply: Promise<T>): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      let isGiven = false;
      return {
        next(): Promise<IteratorResult<T>> {
          if (isGiven) return Promise.resolve(DONE);
          isGiven = true;
          return reply.then((value) => ({ done: false, value }));
        },
        // Whoever leaves early has still begun the work: its slot is taken until it has returned.
        return: (): Promise<IteratorResult<T>> => reply.then(done, done),
      };
    },
  };
}

const done = () => DONE;
