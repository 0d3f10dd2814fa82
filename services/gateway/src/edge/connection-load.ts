import { sessionLimitReached } from '../errors.ts';
import type { MessageSize } from './message-window.ts';

const MIB = 1024 * 1024;

/** Bytes of the messages worked on and of answers not taken yet; as for HTTP bodies. */
export const PROCESS_BYTES_MAX = 256 * MIB;
export const CREDENTIAL_BYTES_MAX = 64 * MIB;

/** How many connections and requests there may be. */
export interface ConnectionLoadLimits {
  readonly connectionsMax: number;
  readonly credentialConnectionsMax: number;
  readonly processRequestsMax: number;
  readonly credentialRequestsMax: number;
}

/** What one connection has a share in. To be disposed when it ends. */
export interface ConnectionShare extends Disposable {
  begin(size: MessageSize): void;
  end(size: MessageSize): void;
  /** Counts bytes that wait to be taken by the client; negative when they were. */
  hold(bytes: number): void;
  /** Whether the credential or the process has as much to do as it may. Then `onRoom` is called when that has changed. */
  readonly isFull: boolean;
}

/** What all connections of a kind have to do. */
export interface ConnectionLoad {
  /** Takes a place for a connection. @throws {AppError} SESSION_LIMIT_REACHED. */
  open(credentialId: string, onRoom: () => void): ConnectionShare;
  readonly connections: number;
  readonly requests: number;
  readonly bytes: number;
}

/** Creates the load of a process. */
export function createConnectionLoad(limits: ConnectionLoadLimits): ConnectionLoad {
  return new CountedLoad(limits);
}

/** Creates what all WebSockets have to do. The server limits connections, and the pipeline requests: only bytes are limited here. */
export function createWebSocketLoad(): ConnectionLoad {
  return createConnectionLoad({
    connectionsMax: Infinity,
    credentialConnectionsMax: Infinity,
    processRequestsMax: Infinity,
    credentialRequestsMax: Infinity,
  });
}

class Tally {
  connections = 0;
  requests = 0;
  bytes = 0;
}

class CountedLoad implements ConnectionLoad {
  readonly limits: ConnectionLoadLimits;
  readonly #total = new Tally();
  /** Bounded by the connections. */
  readonly #byCredential = new Map<string, Tally>();
  /** Connections that wait for room, longest first. */
  readonly #waiting = new Set<() => void>();
  #isWaking = false;

  constructor(limits: ConnectionLoadLimits) {
    this.limits = limits;
  }

  get connections(): number {
    return this.#total.connections;
  }

  get requests(): number {
    return this.#total.requests;
  }

  get bytes(): number {
    return this.#total.bytes;
  }

  open(credentialId: string, onRoom: () => void): ConnectionShare {
    const { connectionsMax, credentialConnectionsMax } = this.limits;
    const own = this.#byCredential.get(credentialId) ?? new Tally();
    if (this.#total.connections >= connectionsMax) throw sessionLimitReached('gateway', connectionsMax);
    if (own.connections >= credentialConnectionsMax) throw sessionLimitReached('API key', credentialConnectionsMax);
    this.#byCredential.set(credentialId, own);
    return new CountedShare(this, own, { credentialId, onRoom });
  }

  count(own: Tally, { connections = 0, requests = 0, bytes = 0 }: Partial<Tally>): void {
    for (const tally of [own, this.#total]) {
      tally.connections += connections;
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
    if (this.#byCredential.get(credentialId)?.connections === 0) this.#byCredential.delete(credentialId);
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

class CountedShare implements ConnectionShare {
  readonly #load: CountedLoad;
  readonly #own: Tally;
  readonly #owner: Owner;
  #heldBytes = 0;
  #isDisposed = false;

  constructor(load: CountedLoad, own: Tally, owner: Owner) {
    this.#load = load;
    this.#own = own;
    this.#owner = owner;
    load.count(own, { connections: 1 });
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
    this.#load.count(this.#own, { connections: -1 });
    this.#load.leave(this.#owner.credentialId, this.#owner.onRoom);
  }

  #count(requests: number, bytes: number): void {
    const counted = this.#isDisposed ? 0 : bytes;
    this.#heldBytes += counted;
    this.#load.count(this.#own, { requests, bytes: counted });
  }
}
