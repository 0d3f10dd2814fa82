import type { Dialect } from './dialect.ts';
import { encodeReply, isErrorReply, type Reply } from './encode-reply.ts';

/** What stands around the id and the result. */
const RESULT_ENVELOPE_BYTES = encodeReply({ idText: '', resultText: '' }, 'native').length;

/** Returns how many bytes a reply has when it is encoded. Results are long, and need not be encoded for that. */
export function replyBytes(reply: Reply, dialect: Dialect): number {
  if (isErrorReply(reply)) return Buffer.byteLength(encodeReply(reply, dialect));
  return RESULT_ENVELOPE_BYTES + Buffer.byteLength(reply.idText) + Buffer.byteLength(reply.resultText);
}
