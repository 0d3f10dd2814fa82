import { toAppError } from '@gantry/errors';
import type { TraceContext } from '@gantry/telemetry';

import type { Identity } from '../clients/credential-cache.ts';
import { assertionRefused } from '../errors.ts';
import type { Dialect } from '../json-rpc/dialect.ts';
import type { Call } from '../json-rpc/message.ts';
import type { Method } from '../methods/method.ts';
import { Params } from '../methods/params.ts';
import type { Arrival } from './arrival.ts';
import { type Eventual, settle } from './settle.ts';

/** A call on its way to its method. */
export interface Dispatch {
  readonly call: Call;
  readonly arrival: Arrival;
  readonly identity: Identity;
  readonly dialect: Dialect;
  readonly trace: TraceContext;
}

/**
 * Runs a method and returns its result as JSON text.
 *
 * @throws {AppError} what the method fails with; ASSERTION_REFUSED when a service did not accept who it is for.
 */
export function dispatch(method: Method, { call, arrival, identity, dialect, trace }: Dispatch): Eventual<string> {
  const { deadlineMs, requestId, signal, connection } = arrival;
  const options = { deadlineMs, requestId, signal, trace, assertion: identity.assertion };
  const work = () =>
    method.handle(new Params(call.params, 'params', call.paramsText), {
      principal: identity.principal,
      dialect,
      options,
      connection,
    });
  return settle(work, { onValue: (text) => text, onThrown: rethrow });
}

function rethrow(thrown: unknown): never {
  const error = toAppError(thrown);
  // The client has shown who it is: that a service doubts our word for it is not the client's to solve.
  throw error.code === 'UNAUTHENTICATED' ? assertionRefused(error) : error;
}
