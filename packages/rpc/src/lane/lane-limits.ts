import { MESSAGE_BYTES_MAX } from '../message-bytes.ts';

/** The one method of a lane, as HTTP/2's `:path` has it. */
export const LANE_PATH = '/gantry.lane.v1.Lane/Open';

/** The largest frame: any message that gRPC would carry, less the few bytes of its envelope. */
export const FRAME_BYTES_MAX = MESSAGE_BYTES_MAX;

/** A frame that has this much is sent, so that one large frame does not hold up the small calls behind it. */
export const FRAME_BYTES_TARGET = 256 * 1024;

/** Calls in flight on one lane: what one gateway works on at most. */
export const CALLS_IN_FLIGHT_MAX = 2_048;

/** Requests in flight and replies not yet sent of one lane above which it takes no more calls. */
export const QUEUED_BYTES_MAX = 64 * 1024 * 1024;

/** Replies that a peer leaves unread before its lane is cut: what was in flight when the lane was full may still come. */
export const UNSENT_BYTES_MAX = 2 * QUEUED_BYTES_MAX;

/** How long a peer may read nothing of what was sent; as long as a WebSocket may, and then some for a busy process. */
export const READER_STUCK_MS = 20_000;

/** Calls in flight on all lanes of one side of a process: eight busy peers. */
export const PROCESS_CALLS_MAX = 16_384;

/** What they may hold together, in bytes. */
export const PROCESS_BYTES_MAX = 512 * 1024 * 1024;

/** Lanes of one server: one of each replica of each service that calls it, and those that are being replaced. */
export const LANES_MAX = 512;

/** What is kept of the assertions of one lane at the server, as lane.proto says, and never more than so many characters. */
export const SERVER_ASSERTIONS_MAX = 4_096;
export const SERVER_ASSERTION_CHARACTERS_MAX = 8 * 1024 * 1024;

/** What a client keeps: less than the server, so that whatever it refers to is still known there. */
export const CLIENT_ASSERTIONS_MAX = 2_048;
export const CLIENT_ASSERTION_CHARACTERS_MAX = 4 * 1024 * 1024;

/** The window of a streaming call that asks for none, of lane.proto. */
export const DEFAULT_WINDOW_BYTES = 256 * 1024;

/** The largest window: HTTP/2's. */
export const WINDOW_BYTES_MAX = 2 ** 31 - 1;

/** The timeout of a call that has none, of lane.proto. */
export const NO_TIMEOUT_MS = 2 ** 32 - 1;

/** What holds on a lane until its settings arrive, of lane.proto. */
export const INITIAL_SETTINGS = {
  callsInFlightMax: 256,
  queuedBytesMax: 4 * 1024 * 1024,
  frameBytesMax: 4 * 1024 * 1024,
} as const;

/** Calls that wait at a client for room on a lane, and what they may hold; then they fail, for those behind would too. */
export const WAITING_CALLS_MAX = 1_024;
export const WAITING_BYTES_MAX = 32 * 1024 * 1024;
