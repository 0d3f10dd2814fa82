import type { AppError } from '@gantry/errors';

import type { Message } from '../json-rpc/message.ts';
import type { Admission } from './limit-rate.ts';

/** Why each message of a body is refused, undefined for those that may go on; empty when none is. */
export type Refusals = readonly (AppError | undefined)[];

/**
 * Takes the requests of a body, in order, from what its credential may send: asked once for all of them, the first ones go
 * on. Decides at once when `take` does.
 */
export function admitBatch(
  messages: readonly Message[],
  take: (requests: number) => Admission | Promise<Admission>,
): Refusals | Promise<Refusals> {
  const requests = messages.filter(({ kind }) => kind === 'call').length;
  const admission = requests === 0 ? { granted: 0 } : take(requests);
  return admission instanceof Promise
    ? admission.then((settled) => toRefusals(messages, settled))
    : toRefusals(messages, admission);
}

const NONE_REFUSED: Refusals = [];

/** Returns one entry a message, or none at all when none is refused. */
function toRefusals(messages: readonly Message[], { granted, refusal }: Admission): Refusals {
  if (refusal === undefined && !messages.some(isInvalid)) return NONE_REFUSED;
  let left = granted;
  return messages.map((message) => {
    if (message.kind === 'invalid') return message.error;
    if (message.kind === 'response') return undefined;
    left -= 1;
    return left < 0 ? refusal : undefined;
  });
}

function isInvalid({ kind }: Message): boolean {
  return kind === 'invalid';
}
