import type { AppError } from '@gantry/errors';

import type { CalledMethod } from './call-channel.ts';
import type { OutgoingCall } from './outgoing-call.ts';

/** A request on its way. */
export interface OutgoingRequest {
  readonly called: CalledMethod;
  readonly outgoing: OutgoingCall;
  /** The request message, encoded. */
  readonly payload: Buffer;
}

/** Hears what comes back of a call. */
export interface ReplyListener {
  /** A response message, encoded. It may share memory with others that came with it. */
  reply(payload: Buffer): void;
  /** Called exactly once, last; undefined means OK. */
  ended(error: AppError | undefined): void;
}

/** A call that was sent. */
export interface SentCall {
  /** Gives the call up. The listener hears nothing more. */
  cancel(): void;
  /** So many bytes of replies were dealt with: more may come. */
  consumed(bytes: number): void;
}

/** A way to a service: plain gRPC, or its lanes. Never throws, and never calls the listener before it has returned. */
export interface Transport extends Disposable {
  send(request: OutgoingRequest, listener: ReplyListener): SentCall;
}
