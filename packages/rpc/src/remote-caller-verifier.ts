import { createCallerVerifier, type VerifyCaller } from '@gantry/identity';
import { AuthServiceDefinition } from '@gantry/protocol/gantry/auth/v1/auth_service';
import { type Registry, systemClock, type Tracing } from '@gantry/telemetry';

import { createRpcClient } from './client.ts';

/** What createRemoteCallerVerifier needs. */
export interface RemoteCallerVerifierOptions {
  /** The gRPC target of the auth service. */
  readonly authAddress: string;
  /** The text of GANTRY_CLUSTER_SECRET. */
  readonly clusterSecret: string;
  readonly metrics: Registry;
  readonly tracing: Tracing;
}

/** The check of callers, and the connection to auth it keeps. */
export interface RemoteCallerVerifier extends Disposable {
  readonly verifyCaller: VerifyCaller;
}

/**
 * Creates the check of callers for a service that is not auth: it fetches the published keys from auth, on first use, and
 * keeps verifying with those it has while auth is gone.
 */
export function createRemoteCallerVerifier(options: RemoteCallerVerifierOptions): RemoteCallerVerifier {
  const { authAddress, clusterSecret, metrics, tracing } = options;
  const auth = createRpcClient(AuthServiceDefinition, { peer: 'auth', target: authAddress, metrics, tracing });
  const verifyCaller = createCallerVerifier({
    fetchKeys: async () => (await auth.listSigningKeys({})).keys,
    clusterSecret: new TextEncoder().encode(clusterSecret),
    now: () => systemClock.now(),
  });
  return { verifyCaller, [Symbol.dispose]: () => auth[Symbol.dispose]() };
}
