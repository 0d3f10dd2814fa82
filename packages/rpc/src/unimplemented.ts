import { AppError } from '@gantry/errors';

import type { Definition, Handlers } from './method.ts';

/** Returns the error of a method that is in the contract but not built yet. */
export function unimplementedError(method: string): AppError {
  return new AppError({
    code: 'UNIMPLEMENTED',
    reason: 'METHOD_UNIMPLEMENTED',
    message: `${method} is part of the contract but not available in this version`,
    metadata: { method },
  });
}

/**
 * Returns handlers that answer every method of a service with UNIMPLEMENTED.
 *
 * @example
 * bindService(TaskServiceDefinition, unimplemented(TaskServiceDefinition));
 */
export function unimplemented<D extends Definition>(definition: D): Handlers<D> {
  const handlers = Object.entries(definition.methods).map(([key, method]) => {
    const name = `${definition.fullName}/${method.name}`;
    const refuse = () => Promise.reject(unimplementedError(name));
    return [key, method.responseStream ? () => refusingStream(name) : refuse];
  });
  // One handler a method, of the right shape, which Object.fromEntries cannot express.
  return Object.fromEntries(handlers) as Handlers<D>;
}

// eslint-disable-next-line require-yield -- A stream that fails before its first message.
async function* refusingStream(name: string): AsyncGenerator<never> {
  throw unimplementedError(name);
}
