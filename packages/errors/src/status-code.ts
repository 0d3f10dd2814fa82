/** The canonical names of gRPC's status codes, OK excepted. */
export type StatusCode = keyof typeof statusNumbers;

/** The numbers of the status codes, as gRPC sends them (grpc/grpc doc/statuscodes.md). */
export const statusNumbers = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

const namesByNumber = new Map<number, StatusCode>(
  // Object.entries widens the key to string; the table above is its source.
  Object.entries(statusNumbers).map(([name, number]) => [number, name as StatusCode]),
);

/** Returns the name of a status number; a number that is not a status is UNKNOWN. */
export function statusCodeOf(number: number): StatusCode {
  return namesByNumber.get(number) ?? 'UNKNOWN';
}

const outages: ReadonlySet<StatusCode> = new Set([
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'INTERNAL',
  'UNKNOWN',
  'DATA_LOSS',
]);

/** Tells whether a code says that the callee is in trouble, rather than that the request was at fault. */
export function isOutage(code: StatusCode): boolean {
  return outages.has(code);
}

/**
 * Tells whether the same request may succeed when it is sent again. Says nothing of whether it may be sent again:
 * that is the idempotency of the method.
 */
export function isRetryable(code: StatusCode): boolean {
  return code === 'UNAVAILABLE' || code === 'ABORTED';
}
