/** Frames worked on at once; a client that pipelines more waits. */
export const FRAMES_IN_FLIGHT_MAX = 64;

/** What the answers to the frames worked on may come to, going by those before. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

/** What an answer is taken to be before any was seen: sixteen frames are begun with. */
const ANSWER_BYTES_GUESS = 1024 * 1024;

/** What the frames worked on may come to: two of the largest. */
export const FRAME_BYTES_MAX = 8 * 1024 * 1024;

/**
 * Says how many frames of a connection may be worked on at once. How long an answer gets is only known when it is there,
 * so a connection whose answers are long gets fewer at a time, and one whose answers are short gets all there are.
 */
export interface FrameWindow {
  begin(frameBytes: number): void;
  end(frameBytes: number, answerBytes: number): void;
  readonly inFlight: number;
  readonly isFull: boolean;
}

/** Creates the window of a new connection. */
export function createFrameWindow(): FrameWindow {
  let inFlight = 0;
  let bytes = 0;
  /** Rises at once, falls by halves. */
  let expectedBytes = ANSWER_BYTES_GUESS;
  return {
    begin(frameBytes) {
      inFlight += 1;
      bytes += frameBytes;
    },
    end(frameBytes, answerBytes) {
      inFlight -= 1;
      bytes -= frameBytes;
      expectedBytes = Math.max(1, answerBytes, expectedBytes / 2);
    },
    get inFlight() {
      return inFlight;
    },
    get isFull() {
      const framesMax = Math.max(1, Math.min(FRAMES_IN_FLIGHT_MAX, ANSWER_BYTES_MAX / expectedBytes));
      return inFlight >= Math.floor(framesMax) || bytes >= FRAME_BYTES_MAX;
    },
  };
}
