import type { AppError } from '@gantry/errors';
import { isAppError } from '@gantry/errors';

import type { Message } from '../json-rpc/message.ts';

/** Requests counted at once: few enough that a credential at its limit costs few questions, enough for a batch to be quick. */
const ASKED_AT_ONCE_MAX = 10;

/**
 * Takes the requests of a batch, in order, from what its credential may send. Returns why each is refused, undefined for
 * those that may go on. After the first that is one too many nobody is asked about the rest.
 */
export async function admitBatch(
  messages: readonly Message[],
  take: () => Promise<void>,
): Promise<readonly (AppError | undefined)[]> {
  const refusals: (AppError | undefined)[] = [];
  let exhausted: AppError | undefined;
  for (let start = 0; start < messages.length; start += ASKED_AT_ONCE_MAX) {
    const wave = messages.slice(start, start + ASKED_AT_ONCE_MAX);
    const asked = exhausted;
    refusals.push(...(await Promise.all(wave.map((message) => admit(message, asked, take)))));
    exhausted ??= wave
      .map((message, index) => (message.kind === 'call' ? refusals[start + index] : undefined))
      .find(isAppError);
  }
  return refusals;
}

async function admit(
  message: Message,
  exhausted: AppError | undefined,
  take: () => Promise<void>,
): Promise<AppError | undefined> {
  if (message.kind === 'response') return undefined;
  if (message.kind === 'invalid') return message.error;
  if (exhausted !== undefined) return exhausted;
  try {
    await take();
    return undefined;
  } catch (error) {
    if (isAppError(error)) return error;
    throw error;
  }
}
