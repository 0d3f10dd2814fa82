import { toAppError } from '@gantry/errors';
import type { SessionRequest } from '@gantry/protocol/gantry/gateway/v1/mcp_service';
import type { CallContext } from '@gantry/rpc';
import type { Clock } from '@gantry/telemetry';

import type { ResourceClient } from '../clients/backends.ts';
import type { Arrival } from '../pipeline/arrival.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { toGrpcArrival } from './grpc-arrival.ts';
import { dialectOfConnection } from './http-arrival.ts';
import { SessionOutbox } from './session-outbox.ts';
import { Session, type SessionHost } from './session.ts';

/** What the session edge needs. */
export interface SessionEdgeOptions extends SessionHost {
  readonly pipeline: Pipeline;
  readonly resources: Pick<ResourceClient, 'watchResource'>;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
}

/** Serves McpService.Session: returns the frames to be sent, each the bytes of a SessionResponse. */
export type ServeSession = (frames: AsyncIterable<SessionRequest>, context: CallContext) => AsyncIterable<Uint8Array>;

/** Creates what serves sessions. */
export function createSessionEdge(options: SessionEdgeOptions): ServeSession {
  return (frames, context) => {
    let session: Session | undefined;
    let isGone = false;
    const outbox = new SessionOutbox({
      onTaken: (bytes) => session?.wasRead(bytes),
      onClosed: () => {
        isGone = true;
        session?.[Symbol.dispose]();
      },
    });
    const open = async () => {
      let arrival = toGrpcArrival(context, options);
      try {
        const dialect = dialectOfConnection(
          context.metadata('mcp-protocol-version'),
          context.metadata('mcp-session-id'),
        );
        arrival = { ...arrival, dialect };
        const { principal } = await options.pipeline.identify(arrival);
        if (isGone) return;
        session = openSession(outbox, { ...options, arrival, credentialId: principal.credentialId });
      } catch (thrown) {
        options.pipeline.refuse(thrown, arrival);
        return outbox.end(toAppError(thrown));
      }
      outbox.greet();
      await session.read(frames);
    };
    void open();
    return outbox;
  };
}

interface Admitted extends SessionEdgeOptions {
  readonly arrival: Arrival;
  readonly credentialId: string;
}

function openSession(outbox: SessionOutbox, { arrival, credentialId, ...options }: Admitted): Session {
  const { clientAddress, credential, dialect, parent } = arrival;
  return new Session({
    ...options,
    outbox,
    connection: { ...options, clientAddress, credential, dialect, parent, credentialId },
  });
}
