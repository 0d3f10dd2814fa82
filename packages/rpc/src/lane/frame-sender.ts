import { FRAME_BYTES_TARGET, READER_STUCK_MS } from './lane-limits.ts';
import type { LaneLoad } from './lane-metrics.ts';
import { WireWriter } from './wire-writer.ts';

/** The writing half of a lane's stream. */
export interface FrameStream {
  /** Returns whether it wants more now; if not, `drained` is to be called when it does. */
  write(frame: Buffer, onSent: () => void): boolean;
}

/**
 * Sends what is written in one turn of the event loop as one frame: after all sockets that were ready have been read, and
 * before the loop waits again, so that a single call waits for nothing.
 */
export class FrameSender {
  readonly writer = new WireWriter();
  readonly #stream: FrameStream;
  readonly #load: LaneLoad;
  /** Frames that are done and have not been given to the stream, because it wants no more. */
  readonly #frames: Buffer[] = [];
  #parts = 0;
  #unsentBytes = 0;
  #isScheduled = false;
  #isBlocked = false;
  #isClosed = false;
  #onEmpty: (() => void) | undefined;
  #sentFrames = 0;
  #progress: { readonly sentFrames: number; readonly sinceMs: number } | undefined;

  constructor(stream: FrameStream, load: LaneLoad) {
    this.#stream = stream;
    this.#load = load;
  }

  /** Whether the stream wants no more for now. */
  get isBlocked(): boolean {
    return this.#isBlocked;
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

  /** To be called when the stream wants more. */
  drained(): void {
    this.#isBlocked = false;
    this.#send();
  }

  /** Calls back when all that was written has been given to the stream. */
  whenEmpty(callback: () => void): void {
    this.#onEmpty = callback;
    if (!this.#isScheduled) this.#send();
  }

  /** Tells whether the peer has read nothing for too long. To be asked now and then. */
  isStuck(nowMs: number): boolean {
    if (!this.#isBlocked) this.#progress = undefined;
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
    this.#load.bytes -= this.#unsentBytes;
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
    this.#unsentBytes += frame.length;
    this.#load.bytes += frame.length;
    this.#load.frameSent(this.#parts);
    this.#parts = 0;
    this.#frames.push(frame);
  }

  #send(): void {
    while (!this.#isBlocked) {
      const frame = this.#frames.shift();
      if (frame === undefined) break;
      this.#isBlocked = !this.#stream.write(frame, () => this.#sent(frame.length));
    }
    if (this.#frames.length > 0 || this.writer.length > 0) return;
    const onEmpty = this.#onEmpty;
    this.#onEmpty = undefined;
    onEmpty?.();
  }

  #sent(bytes: number): void {
    if (this.#isClosed) return;
    this.#sentFrames += 1;
    this.#unsentBytes -= bytes;
    this.#load.bytes -= bytes;
  }
}
