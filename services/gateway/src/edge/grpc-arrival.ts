import type { CallContext } from '@gantry/rpc';
import type { Clock } from '@gantry/telemetry';

import { credentialShown } from '../clients/shown-credential.ts';
import type { Arrival } from '../pipeline/arrival.ts';

/** What a call does not say itself. */
export interface GrpcArrivalFacts {
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
}

/** Returns how the messages of a call came in. */
export function toGrpcArrival(context: CallContext, { clock, requestTimeoutMs }: GrpcArrivalFacts): Arrival {
  return {
    transport: 'grpc',
    clientAddress: context.peer,
    credential: credentialShown(context.connection, context.metadata('authorization')),
    dialect: 'native',
    requestId: context.requestId,
    parent: context.trace,
    deadlineMs: Math.min(context.deadlineMs, clock.now() + requestTimeoutMs),
    signal: context.cancellation,
    connection: undefined,
  };
}
