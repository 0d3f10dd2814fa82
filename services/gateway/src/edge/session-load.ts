import { sessionLimitReached } from '../errors.ts';
import type { MessageSize } from './message-window.ts';

const MIB = 1024 * 1024;

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

/** Bytes of the messages worked on and of answers not taken yet; as for HTTP bodies. */
export const PROCESS_BYTES_MAX = 256 * MIB;
export const CREDENTIAL_BYTES_MAX = 64 * MIB;

/** Smaller limits, for tests. */
export interface SessionLoadLimits {
  readonly sessionsMax?: number;
  readonly credentialSessionsMax?: number;
  readonly processRequestsMax?: number;
  readonly credentialRequestsMax?: number;
}

/** What one session has a share in. To be disposed when it ends. */
export interface SessionShare extends Disposable {
  begin(size: MessageSize): void;
  end(size: MessageSize): void;
  /** Counts bytes that wait to be taken by the client; negative when they were. */
  hold(bytes: number): void;
  /** Whether the credential or the process has as much to do as it may. Then `onRoom` is called when that has changed. */
  readonly isFull: boolean;
}

/** What all sessions of a process have to do. */
export interface SessionLoad {
  /** Takes a place for a session. @throws {AppError} SESSION_LIMIT_REACHED. */
  open(credentialId: string, onRoom: () => void): SessionShare;
  readonly sessions: number;
  readonly requests: number;
  readonly bytes: number;
}

/** Creates the load of a process. */
export function createSessionLoad(limits: SessionLoadLimits = {}): SessionLoad {
  return new CountedLoad({
    sessionsMax: SESSIONS_MAX,
    credentialSessionsMax: CREDENTIAL_SESSIONS_MAX,
    processRequestsMax: PROCESS_REQUESTS_MAX,
    credentialRequestsMax: CREDENTIAL_REQUESTS_MAX,
    ...limits,
  });
}

class Tally {
  sessions = 0;
  requests = 0;
  bytes = 0;
}

class CountedLoad implements SessionLoad {
  readonly limits: Required<SessionLoadLimits>;
  readonly #total = new Tally();
  /** Bounded by the sessions. */
  readonly #byCredential = new Map<string, Tally>();
  /** Sessions that wait for room, longest first. */
  readonly #waiting = new Set<() => void>();
  #isWaking = false;

  constructor(limits: Required<SessionLoadLimits>) {
    this.limits = limits;
  }

  get sessions(): number {
    return this.#total.sessions;
  }

  get requests(): number {
    return this.#total.requests;
  }

  get bytes(): number {
    return this.#total.bytes;
  }

  open(credentialId: string, onRoom: () => void): SessionShare {
    const { sessionsMax, credentialSessionsMax } = this.limits;
    const own = this.#byCredential.get(credentialId) ?? new Tally();
    if (this.#total.sessions >= sessionsMax) throw sessionLimitReached('gateway', sessionsMax);
    if (own.sessions >= credentialSessionsMax) throw sessionLimitReached('API key', credentialSessionsMax);
    this.#byCredential.set(credentialId, own);
    return new CountedShare(this, own, { credentialId, onRoom });
  }

  count(own: Tally, { sessions = 0, requests = 0, bytes = 0 }: Partial<Tally>): void {
    for (const tally of [own, this.#total]) {
      tally.sessions += sessions;
      tally.requests += requests;
      tally.bytes += bytes;
    }
    if (this.#waiting.size > 0 && !this.#isWaking) {
      this.#isWaking = true;
      setImmediate(() => this.#wake());
    }
  }

  isFull(own: Tally): boolean {
    const { processRequestsMax, credentialRequestsMax } = this.limits;
    const total = this.#total;
    if (total.requests >= processRequestsMax || total.bytes >= PROCESS_BYTES_MAX) return true;
    return own.requests >= credentialRequestsMax || own.bytes >= CREDENTIAL_BYTES_MAX;
  }

  wait(onRoom: () => void): void {
    this.#waiting.add(onRoom);
  }

  leave(credentialId: string, onRoom: () => void): void {
    this.#waiting.delete(onRoom);
    if (this.#byCredential.get(credentialId)?.sessions === 0) this.#byCredential.delete(credentialId);
  }

  /** Those that find no room wait again, behind the others. */
  #wake(): void {
    this.#isWaking = false;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const onRoom of waiting) onRoom();
  }
}

/** What a share belongs to. */
interface Owner {
  readonly credentialId: string;
  readonly onRoom: () => void;
}

class CountedShare implements SessionShare {
  readonly #load: CountedLoad;
  readonly #own: Tally;
  readonly #owner: Owner;
  #heldBytes = 0;
  #isDisposed = false;

  constructor(load: CountedLoad, own: Tally, owner: Owner) {
    this.#load = load;
    this.#own = own;
    this.#owner = owner;
    load.count(own, { sessions: 1 });
  }

  get isFull(): boolean {
    const isFull = this.#load.isFull(this.#own);
    if (isFull) this.#load.wait(this.#owner.onRoom);
    return isFull;
  }

  begin({ requests, bytes }: MessageSize): void {
    this.#count(requests, bytes);
  }

  end({ requests, bytes }: MessageSize): void {
    this.#count(-requests, -bytes);
  }

  hold(bytes: number): void {
    this.#count(0, bytes);
  }

  [Symbol.dispose](): void {
    if (this.#isDisposed) return;
    // Its requests end by themselves, as soon as they see that nobody waits for them; they are counted until then.
    this.#count(0, -this.#heldBytes);
    this.#isDisposed = true;
    this.#load.count(this.#own, { sessions: -1 });
    this.#load.leave(this.#owner.credentialId, this.#owner.onRoom);
  }

  #count(requests: number, bytes: number): void {
    const counted = this.#isDisposed ? 0 : bytes;
    this.#heldBytes += counted;
    this.#load.count(this.#own, { requests, bytes: counted });
  }
}
