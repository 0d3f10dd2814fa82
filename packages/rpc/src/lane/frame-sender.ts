import { FRAME_BYTES_TARGET, HANDED_BYTES_MAX, READER_STUCK_MS } from './lane-limits.ts';
import type { LaneLoad } from './lane-metrics.ts';
import { WireWriter } from './wire-writer.ts';

/** What a sender of frames needs. */
export interface FrameSenderOptions {
  /** Gives a frame to the stream, which calls back when it has left the process. */
  readonly write: (frame: Buffer, onSent: () => void) => void;
  readonly load: LaneLoad;
  /** Called when it is not full any more. */
  readonly onRoom?: () => void;
}

/**
 * Sends what is written in one turn of the event loop as one frame: after all sockets that were ready have been read, and
 * before the loop waits again, so that a single call waits for nothing.
 */
export class FrameSender {
  readonly writer = new WireWriter();
  readonly #options: FrameSenderOptions;
  /** Frames that are done and have not been given to the stream. */
  readonly #frames: Buffer[] = [];
  #handedBytes = 0;
  #parts = 0;
  #unsentBytes = 0;
  #isScheduled = false;
  #isClosed = false;
  #onEmpty: (() => void) | undefined;
  #sentFrames = 0;
  #progress: { readonly sentFrames: number; readonly sinceMs: number } | undefined;

  constructor(options: FrameSenderOptions) {
    this.#options = options;
  }

  /** Whether as much is unsent as goes out at a time: who can wait should, until there is room. */
  get isFull(): boolean {
    return this.unsentBytes >= FRAME_BYTES_TARGET;
  }

  /** Bytes that were written and have not left the process. */
  get unsentBytes(): number {
    return this.#unsentBytes + this.writer.length;
  }

  /** To be called before a part of so many bytes is written: begins another frame when it does not fit. */
  fit(bytes: number): void {
    if (this.writer.length > 0 && this.writer.length + bytes > FRAME_BYTES_TARGET) this.#finishFrame();
  }

  /** To be called after a part was written. */
  wrote(): void {
    this.#parts += 1;
    if (this.#isScheduled || this.#isClosed) return;
    this.#isScheduled = true;
    setImmediate(this.#flush);
  }

  /** Calls back when all that was written has been given to the stream. */
  whenEmpty(callback: () => void): void {
    this.#onEmpty = callback;
    if (!this.#isScheduled) this.#send();
  }

  /** Tells whether the peer has read nothing for too long. To be asked now and then. */
  isStuck(nowMs: number): boolean {
    if (this.#unsentBytes === 0) this.#progress = undefined;
    else if (this.#progress?.sentFrames !== this.#sentFrames) {
      this.#progress = { sentFrames: this.#sentFrames, sinceMs: nowMs };
    }
    return this.#progress !== undefined && nowMs - this.#progress.sinceMs >= READER_STUCK_MS;
  }

  /** Throws away what was not sent; nothing is sent any more. */
  close(): void {
    this.#isClosed = true;
    this.#frames.length = 0;
    this.writer.take();
    this.#options.load.bytes -= this.#unsentBytes;
    this.#unsentBytes = 0;
  }

  readonly #flush = (): void => {
    this.#isScheduled = false;
    if (this.#isClosed) return;
    if (this.writer.length > 0) this.#finishFrame();
    this.#send();
  };

  #finishFrame(): void {
    const frame = this.writer.take();
    const { load } = this.#options;
    this.#unsentBytes += frame.length;
    load.bytes += frame.length;
    load.frameSent(this.#parts);
    this.#parts = 0;
    this.#frames.push(frame);
  }

  #send(): void {
    while (this.#handedBytes < HANDED_BYTES_MAX) {
      const frame = this.#frames.shift();
      if (frame === undefined) break;
      this.#handedBytes += frame.length;
      this.#options.write(frame, () => this.#sent(frame.length));
    }
    if (this.#frames.length > 0 || this.writer.length > 0) return;
    const onEmpty = this.#onEmpty;
    this.#onEmpty = undefined;
    onEmpty?.();
  }

  #sent(bytes: number): void {
    if (this.#isClosed) return;
    const wasFull = this.isFull;
    this.#sentFrames += 1;
    this.#handedBytes -= bytes;
    this.#unsentBytes -= bytes;
    this.#options.load.bytes -= bytes;
    this.#send();
    if (wasFull && !this.isFull) this.#options.onRoom?.();
  }
}
