import type { Logger } from '@gantry/telemetry';

/** What is logged of a request that has ended. Names of people and contents are not among it; the audit log has the names. */
interface AccessLogFields {
  readonly requestId: string;
  readonly traceId: string;
  /** Of the first request, when there are several. */
  readonly method: string | undefined;
  readonly requests: number;
  /** The status: OK, or that of a failure. */
  readonly code: string;
  /** Of a failure. */
  readonly reason: string | undefined;
  readonly durationMs: number;
}

/** Logs requests that have ended. */
export type AccessLog = (fields: AccessLogFields) => void;

const MESSAGE = 'request ended';

/**
 * Creates the access log: of every so many requests one is logged as information, evenly, and all of them for whoever debugs.
 * A log of all of them would cost more than much of the work that it tells of.
 *
 * @param ratio The share of requests that is logged, from 0 to 1.
 */
export function createAccessLog(logger: Logger, ratio: number): AccessLog {
  let due = 0;
  return (fields) => {
    due += ratio;
    if (due >= 1) {
      due -= 1;
      logger.info(fields, MESSAGE);
    } else if (logger.isLevelEnabled('debug')) logger.debug(fields, MESSAGE);
  };
}
