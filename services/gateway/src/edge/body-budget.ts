import { overloaded } from '../errors.ts';

/** What bodies may take of a process together: with it a gateway at its limit stays within a gigabyte. */
const BODY_BYTES_TOTAL_MAX = 256 * 1024 * 1024;

/** What those of one credential may take: sixteen of the largest, and a quarter of all. */
const BODY_BYTES_PER_CREDENTIAL_MAX = 64 * 1024 * 1024;

/** What a body takes of the budget. Disposing it gives all of it back. */
export interface BodyShare extends Disposable {
  /** Takes more. @throws {AppError} GATEWAY_OVERLOADED. */
  take(bytes: number): void;
}

/** Counts the bytes of bodies that are being received and worked on. */
export interface BodyBudget {
  open(credentialId: string): BodyShare;
  readonly bytes: number;
}

/** How much there is. */
export interface BodyBudgetLimits {
  /** Default {@link BODY_BYTES_TOTAL_MAX}. */
  readonly totalMax?: number;
  /** Default {@link BODY_BYTES_PER_CREDENTIAL_MAX}. */
  readonly perCredentialMax?: number;
}

/** Creates a budget of which nothing is taken. */
export function createBodyBudget({
  totalMax = BODY_BYTES_TOTAL_MAX,
  perCredentialMax = BODY_BYTES_PER_CREDENTIAL_MAX,
}: BodyBudgetLimits = {}): BodyBudget {
  /** Bounded by the connections: only credentials that have something in it are. */
  const bytesByCredential = new Map<string, number>();
  let total = 0;

  const add = (credentialId: string, bytes: number): void => {
    total += bytes;
    const own = (bytesByCredential.get(credentialId) ?? 0) + bytes;
    if (own === 0) bytesByCredential.delete(credentialId);
    else bytesByCredential.set(credentialId, own);
  };

  return {
    open(credentialId) {
      let taken = 0;
      return {
        take(bytes) {
          if (total + bytes > totalMax) {
            throw overloaded('the gateway is receiving as much as it can hold; wait a moment and try again');
          }
          if ((bytesByCredential.get(credentialId) ?? 0) + bytes > perCredentialMax) {
            throw overloaded('this credential is sending as much as it may at a time; wait for answers first');
          }
          taken += bytes;
          add(credentialId, bytes);
        },
        [Symbol.dispose]() {
          add(credentialId, -taken);
          taken = 0;
        },
      };
    },
    get bytes() {
      return total;
    },
  };
}
