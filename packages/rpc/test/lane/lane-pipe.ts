import { EventEmitter } from 'node:events';

import { type Client, type ServerDuplexStream, status } from '@grpc/grpc-js';

interface Parcel {
  readonly event: 'data' | 'end' | 'error' | 'cancelled';
  readonly value?: unknown;
  readonly onSent?: (() => void) | undefined;
}

/** One end of a stream as grpc-js has it, as far as lanes use it. */
class PipeEnd extends EventEmitter {
  readonly #send: (parcel: Parcel) => void;
  readonly #onCancel: () => void;
  #isEnded = false;

  constructor(send: (parcel: Parcel) => void, onCancel: () => void) {
    super();
    this.#send = send;
    this.#onCancel = onCancel;
  }

  write(frame: Buffer, onSent?: () => void): boolean {
    if (this.#isEnded) throw new Error('a frame was written after the end');
    // A copy, because the bytes must be right when they are written.
    this.#send({ event: 'data', value: Buffer.from(frame), onSent });
    return true;
  }

  end(): void {
    this.#isEnded = true;
    this.#send({ event: 'end' });
  }

  cancel(): void {
    this.#onCancel();
  }

  getPeer(): string {
    return '127.0.0.1:1';
  }
}

/** Two ends whose frames move only when they are told to, so that a test decides on every interleaving. */
export class LanePipe {
  readonly #toServer: Parcel[] = [];
  readonly #toClient: Parcel[] = [];
  readonly #client = new PipeEnd(
    (parcel) => this.#toServer.push(parcel),
    () => this.cut(),
  );
  readonly #server = new PipeEnd(
    (parcel) => this.#toClient.push(parcel),
    () => undefined,
  );
  #isCut = false;

  constructor() {
    // As grpc-js: a server stream that is told of an error ends with it as its status.
    this.#server.on('error', (error: unknown) => this.#toClient.push({ event: 'error', value: error }));
  }

  /** The client that opens the pipe. */
  get grpc(): Client {
    const client = { makeBidiStreamRequest: () => this.#client, close: () => undefined };
    // Lanes use no more of it than this.
    return client as unknown as Client;
  }

  get serverStream(): ServerDuplexStream<Buffer, Buffer> {
    // Lanes use no more of it than PipeEnd has.
    return this.#server as unknown as ServerDuplexStream<Buffer, Buffer>;
  }

  get isQuiet(): boolean {
    return this.#toServer.length === 0 && this.#toClient.length === 0;
  }

  /** Delivers the next frame, or whatever comes next, in one direction. */
  deliver(to: 'server' | 'client'): void {
    const parcel = (to === 'server' ? this.#toServer : this.#toClient).shift();
    if (parcel === undefined) return;
    parcel.onSent?.();
    (to === 'server' ? this.#server : this.#client).emit(parcel.event, parcel.value);
  }

  /** Loses what is on the way and tells both ends, as when the connection is lost. */
  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#toServer.splice(0, Infinity, { event: 'cancelled' });
    this.#toClient.splice(0, Infinity, { event: 'error', value: { code: status.UNAVAILABLE } });
  }
}
