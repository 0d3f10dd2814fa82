import { type ConnectionLoad, createConnectionLoad } from './connection-load.ts';

/** Sessions of a process; one that is idle takes about 30 KiB. */
const SESSIONS_MAX = 2_048;

/** Sessions of a credential: a few clients of many processes, or one that opens them without end. */
const CREDENTIAL_SESSIONS_MAX = 64;

/**
 * Requests of all sessions worked on at once: three quarters of what the pipeline takes, so that sessions, which wait, never
 * make it refuse those who do not.
 */
const PROCESS_REQUESTS_MAX = 1_536;

/** Requests of one credential: what a single session may have, so that more sessions are more connections, not more share. */
const CREDENTIAL_REQUESTS_MAX = 1_024;

/** Smaller limits, for tests. */
export interface SessionLoadLimits {
  readonly sessionsMax?: number;
  readonly credentialSessionsMax?: number;
  readonly processRequestsMax?: number;
  readonly credentialRequestsMax?: number;
}

/** Creates what all sessions of a process have to do. */
export function createSessionLoad({
  sessionsMax = SESSIONS_MAX,
  credentialSessionsMax = CREDENTIAL_SESSIONS_MAX,
  processRequestsMax = PROCESS_REQUESTS_MAX,
  credentialRequestsMax = CREDENTIAL_REQUESTS_MAX,
}: SessionLoadLimits = {}): ConnectionLoad {
  return createConnectionLoad({
    connectionsMax: sessionsMax,
    credentialConnectionsMax: credentialSessionsMax,
    processRequestsMax,
    credentialRequestsMax,
  });
}
