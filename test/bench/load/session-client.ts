import { SessionRequest, SessionResponse } from '@gantry/protocol/gantry/gateway/v1/mcp_service';
import { Client, type ClientDuplexStream, credentials, Metadata } from '@grpc/grpc-js';

import { fillMetadata } from './grpc-plan.ts';
import { SESSION_PATH, type SessionTarget } from './session-plan.ts';

/** One `McpService.Session`, as plain grpc-js opens it. */
export interface SessionClient extends Disposable {
  readonly stream: ClientDuplexStream<SessionRequest, SessionResponse>;
}

/** Opens a session on a connection of its own. */
export function openSession({ target, metadata }: SessionTarget): SessionClient {
  const client = new Client(target, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  const stream = client.makeBidiStreamRequest(
    SESSION_PATH,
    (request: SessionRequest) => Buffer.from(SessionRequest.encode(request).finish()),
    (bytes: Buffer) => SessionResponse.decode(bytes),
    fillMetadata(new Metadata(), { metadata }),
  );
  return {
    stream,
    [Symbol.dispose]() {
      stream.cancel();
      client.close();
    },
  };
}
