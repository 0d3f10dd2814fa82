import { type AppError, toAppError } from '@gantry/errors';

import { headerMismatch, requestInvalid, versionHeaderInvalid } from '../errors.ts';
import { type Dialect, isLegacyVersion, PROTOCOL_VERSIONS } from './dialect.ts';
import { type Body, type Call, isInitialize, type Message } from './message.ts';
import { checkModernCall } from './modern/check-call.ts';
import { claimOf, hasEnvelope } from './modern/envelope.ts';
import { type RequestHeaders, versionHeaderOf } from './modern/standard-headers.ts';

/** What was known before the body was read. */
export interface Hints {
  /** What the headers speak for. */
  readonly dialect: Dialect;
  /** Absent where messages come without headers of their own. */
  readonly headers?: RequestHeaders | undefined;
}

/** What a body turns out to be. */
export interface Classification {
  readonly dialect: Dialect;
  /** Why nothing of the body is worked on; undefined when it is. */
  readonly refusal: AppError | undefined;
}

/**
 * Decides which dialect a body is of, and whether it can be taken: both eras of MCP and the native dialect are spoken at one
 * address. The body decides, and the headers must agree: whoever stands in between sees only them.
 */
export function classify({ isBatch, messages }: Body, hints: Hints): Classification {
  if (isBatch) return classifyBatch(messages, hints);
  const [message] = messages;
  if (message?.kind === 'call') return classifyCall(message, hints);
  if (message?.kind === 'invalid') return { dialect: hints.dialect, refusal: message.error };
  const isOutOfPlace = hints.dialect === 'modern';
  return isOutOfPlace ? refused(requestInvalid('nothing was asked that a response could be to')) : unclaimed(hints);
}

/** Stateless revisions have no batches. */
function classifyBatch(messages: readonly Message[], hints: Hints): Classification {
  if (hints.dialect === 'modern' || messages.some(isClaiming)) {
    return refused(requestInvalid('requests of this protocol version come one by one; send no array'));
  }
  return unclaimed(messages.some(isInitialize) ? { ...hints, dialect: 'legacy' } : hints);
}

function classifyCall(call: Call, hints: Hints): Classification {
  if (isInitialize(call) && !hasEnvelope(call.params)) {
    if (hints.dialect !== 'modern') return unclaimed({ ...hints, dialect: 'legacy' });
    return refused(headerMismatch('MCP-Protocol-Version', 'names a version that has no initialize'));
  }
  if (hints.dialect !== 'modern' && !isClaiming(call)) return unclaimed(hints);
  try {
    checkModernCall(call, hints.headers);
    return MODERN;
  } catch (thrown) {
    return refused(toAppError(thrown));
  }
}

const MODERN: Classification = { dialect: 'modern', refusal: undefined };

function refused(refusal: AppError): Classification {
  return { dialect: 'modern', refusal };
}

/** What does not claim to be modern is what its headers say, and they must say something that there is. */
function unclaimed({ dialect, headers }: Hints): Classification {
  const version = headers === undefined ? undefined : versionHeaderOf(headers);
  const isKnown = version === undefined || isLegacyVersion(version);
  return { dialect, refusal: isKnown ? undefined : versionHeaderInvalid(version, PROTOCOL_VERSIONS) };
}

function isClaiming(message: Message): boolean {
  return message.kind === 'call' && claimOf(message.params) !== undefined;
}
