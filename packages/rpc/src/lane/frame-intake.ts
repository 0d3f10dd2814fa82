import { WireError, WireReader } from './wire-reader.ts';

/**
 * Parts of frames that are dealt with in one turn of the event loop. A peer that gets many calls or replies at once would else
 * answer them all at once, and both sides would take turns at waiting for each other; and nobody else would be served meanwhile.
 */
const PARTS_PER_TURN = 16;

/** Frames that wait; then the stream is not read, and its flow control holds the peer back. */
const FRAMES_WAITING_MAX = 4;

/** The reading half of a lane's stream. */
interface PausableStream {
  pause(): unknown;
  resume(): unknown;
}

/** What an intake needs. */
export interface FrameIntakeOptions {
  readonly stream: PausableStream;
  /** Reads one part of a frame. @throws {WireError} when it is not one. */
  readonly readPart: (reader: WireReader) => void;
  /** A frame cannot be read: it is thrown away, with all that wait. */
  readonly onBroken: (error: WireError) => void;
  readonly partsPerTurn?: number;
}

/** Takes the frames of a lane in order, some parts a turn. */
export class FrameIntake {
  readonly #options: FrameIntakeOptions;
  readonly #frames: Buffer[] = [];
  #reader: WireReader | undefined;
  #isScheduled = false;
  #isPaused = false;
  #isClosed = false;

  constructor(options: FrameIntakeOptions) {
    this.#options = options;
  }

  take(frame: Buffer): void {
    if (this.#isClosed) return;
    this.#frames.push(frame);
    if (!this.#isScheduled) return this.#read(this.#options.partsPerTurn ?? PARTS_PER_TURN);
    if (this.#frames.length < FRAMES_WAITING_MAX || this.#isPaused) return;
    this.#isPaused = true;
    this.#options.stream.pause();
  }

  /** Deals with all that waits at once: nothing more comes. */
  readAll(): void {
    if (!this.#isClosed) this.#read(Infinity);
  }

  /** Throws away what waits. */
  close(): void {
    this.#isClosed = true;
    this.#frames.length = 0;
    this.#reader = undefined;
  }

  readonly #goOn = (): void => {
    this.#isScheduled = false;
    this.#read(this.#options.partsPerTurn ?? PARTS_PER_TURN);
  };

  #read(partsMax: number): void {
    const { readPart, onBroken } = this.#options;
    try {
      for (let parts = 0; parts < partsMax; parts += 1) {
        const reader = this.#next();
        if (reader === undefined) return this.#resume();
        readPart(reader);
      }
    } catch (error) {
      this.close();
      if (!(error instanceof WireError)) throw error;
      return onBroken(error);
    }
    this.#resume();
    if (this.#next() === undefined) return;
    this.#isScheduled = true;
    setImmediate(this.#goOn);
  }

  /** Returns the reader of the frame that is to be read on; undefined when all are read. */
  #next(): WireReader | undefined {
    while (this.#reader?.hasMore !== true) {
      const frame = this.#frames.shift();
      this.#reader = frame === undefined ? undefined : new WireReader(frame);
      if (frame === undefined) return undefined;
    }
    return this.#reader;
  }

  #resume(): void {
    if (!this.#isPaused || this.#frames.length >= FRAMES_WAITING_MAX) return;
    this.#isPaused = false;
    this.#options.stream.resume();
  }
}
