const MIB = 1024 * 1024;

/**
 * What the answer to one batch may have: sixteen results of tools or four resources, each of the largest, and as much as the
 * answers to all messages in flight on a connection may come to. A hundred answers may have 160 KiB each.
 */
export const BATCH_ANSWER_BYTES_MAX = 16 * MIB;

/** What all batches hold of their answers until each is whole: as much as bodies, so that both stay within half a gigabyte. */
const ANSWER_BYTES_TOTAL_MAX = 256 * MIB;

/** What the batches of one credential hold: four of the largest answers, and a quarter of all. */
const ANSWER_BYTES_PER_CREDENTIAL_MAX = 64 * MIB;

/** Smaller limits, for tests. */
export interface AnswerLimits {
  readonly batchMax?: number | undefined;
  readonly perCredentialMax?: number | undefined;
  readonly totalMax?: number | undefined;
}

/** What the answer to one batch takes of the budget. Disposing it gives all of it back; then it takes no more. */
export interface AnswerShare extends Disposable {
  /** Takes more. Takes nothing and returns false when there is not as much left. */
  take(bytes: number): boolean;
}

/** Counts the bytes of answers that batches hold until they are whole. */
export interface AnswerBudget {
  /** Opens the share of a batch of a credential, whose answer may have no more than `bytesMax` anyway. */
  open(credentialId: string, bytesMax?: number): AnswerShare;
  readonly bytes: number;
}

/** Creates a budget of which nothing is taken. */
export function createAnswerBudget(limits: AnswerLimits = {}): AnswerBudget {
  const { batchMax = BATCH_ANSWER_BYTES_MAX } = limits;
  const { totalMax = ANSWER_BYTES_TOTAL_MAX, perCredentialMax = ANSWER_BYTES_PER_CREDENTIAL_MAX } = limits;
  /** Bounded by the requests in flight: only credentials that have something in it are. */
  const bytesByCredential = new Map<string, number>();
  let total = 0;

  return {
    open(credentialId, bytesMax = Infinity) {
      const shareMax = Math.min(batchMax, bytesMax);
      let taken = 0;
      let isDisposed = false;
      const add = (bytes: number): void => {
        taken += bytes;
        total += bytes;
        const own = (bytesByCredential.get(credentialId) ?? 0) + bytes;
        if (own === 0) bytesByCredential.delete(credentialId);
        else bytesByCredential.set(credentialId, own);
      };
      return {
        take(bytes) {
          const own = bytesByCredential.get(credentialId) ?? 0;
          const isTooMuch = taken + bytes > shareMax || own + bytes > perCredentialMax || total + bytes > totalMax;
          if (isDisposed || isTooMuch) return false;
          add(bytes);
          return true;
        },
        [Symbol.dispose]() {
          isDisposed = true;
          add(-taken);
        },
      };
    },
    get bytes() {
      return total;
    },
  };
}
