import type { AppError } from '@gantry/errors';

import type { ErrorReply, Reply } from '../json-rpc/encode-reply.ts';
import type { Call, Message } from '../json-rpc/message.ts';

/** What came of a call: a result or a failure. */
export interface Attempt {
  readonly resultText?: string;
  readonly failure?: AppError | undefined;
  /** What its client is told instead. */
  readonly withheld?: AppError;
}

/** Returns the reply to a call; a notification has none. `permissions` are those of its principal. */
export function toReply(
  call: Call,
  { resultText = '', failure, withheld }: Attempt,
  permissions: readonly string[],
): Reply | undefined {
  const error = withheld ?? failure;
  if (error !== undefined) return toErrorReply(call, error, permissions);
  return call.idText === undefined ? undefined : { idText: call.idText, resultText };
}

/** Returns the reply to a message that failed; a notification has none. `permissions` are those of its principal. */
export function toErrorReply(
  message: Message,
  error: AppError,
  permissions: readonly string[] = [],
): ErrorReply | undefined {
  const idText = message.kind === 'response' ? undefined : message.idText;
  return idText === undefined ? undefined : { idText, error, permissions };
}
