import type { AppError } from '@gantry/errors';

/** A request or, when it has no id, a notification. */
export interface Call {
  readonly kind: 'call';
  /** The JSON text of the id, as it came; undefined for a notification. */
  readonly idText: string | undefined;
  readonly method: string;
  /** Whatever was sent as params; undefined when nothing was. */
  readonly params: unknown;
  /** The JSON text of the params, as it came; empty when there are none. */
  readonly paramsText: string;
}

/** Something that is not a request. */
export interface InvalidMessage {
  readonly kind: 'invalid';
  /** The JSON text of the id, or `null` when it has none that can be used. */
  readonly idText: string;
  readonly error: AppError;
}

/** An answer to a request of ours. We send none, so it is taken and forgotten. */
interface PostedResponse {
  readonly kind: 'response';
}

/** One message of a client. */
export type Message = Call | InvalidMessage | PostedResponse;

/** What one body, frame or call holds. */
export interface Body {
  readonly isBatch: boolean;
  /** At least one. */
  readonly messages: readonly Message[];
}

/** Tells whether a message begins a conversation of the legacy dialect. */
export function isInitialize(message: Message): boolean {
  return message.kind === 'call' && message.method === 'initialize';
}
