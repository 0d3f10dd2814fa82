/** Requests of a WebSocket worked on at once; a client that pipelines more waits. */
export const WEBSOCKET_MESSAGES_IN_FLIGHT_MAX = 64;

/** What the answers to the messages worked on may come to, going by those before. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

/** What an answer is taken to be before any was seen: sixteen requests are begun with. */
const ANSWER_BYTES_GUESS = 1024 * 1024;

/** What the messages worked on may come to: two of the largest. */
export const MESSAGE_BYTES_IN_FLIGHT_MAX = 8 * 1024 * 1024;

/** What counts of a message that is worked on. */
export interface MessageSize {
  readonly bytes: number;
  /** 1, or what a batch holds. */
  readonly requests: number;
}

/** Says how much of a connection may be worked on at once: a batch counts as the requests it holds. */
export interface MessageWindow {
  begin(size: MessageSize): void;
  end(size: MessageSize, answerBytes: number): void;
  /** Messages, not the requests of a batch. */
  readonly inFlight: number;
  readonly isFull: boolean;
}

/**
 * Creates the window of a new connection. How long an answer gets is only known when it is there, so a connection whose
 * answers are long gets fewer at a time, and one whose answers are short gets all there are.
 */
export function createMessageWindow(requestsMax: number): MessageWindow {
  let inFlight = 0;
  let requestsInFlight = 0;
  let bytesInFlight = 0;
  /** Rises at once, falls by halves. */
  let expectedBytes = ANSWER_BYTES_GUESS;
  return {
    begin({ bytes, requests }) {
      inFlight += 1;
      requestsInFlight += requests;
      bytesInFlight += bytes;
    },
    end({ bytes, requests }, answerBytes) {
      inFlight -= 1;
      requestsInFlight -= requests;
      bytesInFlight -= bytes;
      expectedBytes = Math.max(1, answerBytes / Math.max(1, requests), expectedBytes / 2);
    },
    get inFlight() {
      return inFlight;
    },
    get isFull() {
      const allowed = Math.max(1, Math.min(requestsMax, ANSWER_BYTES_MAX / expectedBytes));
      return requestsInFlight >= Math.floor(allowed) || bytesInFlight >= MESSAGE_BYTES_IN_FLIGHT_MAX;
    },
  };
}
