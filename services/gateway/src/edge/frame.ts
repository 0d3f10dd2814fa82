import type { AppError } from '@gantry/errors';

import { bodyTooLarge, parseError } from '../errors.ts';
import type { Body } from '../json-rpc/message.ts';
import { BODY_BYTES_MAX } from '../json-rpc/parse-body.ts';

/** Returns the JSON texts of the ids of the requests in a body. */
export function idTextsOf({ messages }: Body): readonly string[] {
  const idTexts: string[] = [];
  for (const message of messages) {
    if (message.kind === 'call' && message.idText !== undefined) idTexts.push(message.idText);
  }
  return idTexts;
}

/** Returns what was wrong with a frame that ws refused, or undefined when the network was at fault. */
export function toFrameRefusal(error: Error): AppError | undefined {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return bodyTooLarge(BODY_BYTES_MAX);
  if (code === 'WS_ERR_INVALID_UTF8') return parseError('the message is not valid UTF-8; encode JSON as UTF-8');
  if (typeof code === 'string' && code.startsWith('WS_ERR_')) return parseError('the frame is not a WebSocket frame');
  return undefined;
}
