/** The names of the metadata that our services send each other. */
export const metadataKeys = {
  /** An internal assertion or a service token. */
  assertion: 'gantry-assertion',
  /** The id that logs of every hop share. */
  requestId: 'gantry-request-id',
  /** W3C Trace Context. */
  traceparent: 'traceparent',
  /** google.rpc.Status, in the trailers of a failed call. */
  statusDetails: 'grpc-status-details-bin',
} as const;

/** The most bytes of metadata a call may carry; grpc-js itself has no cap below 64 KiB. */
export const METADATA_BYTES_MAX = 8 * 1024;
