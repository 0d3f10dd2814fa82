import { MESSAGE_BYTES_MAX } from '../message-bytes.ts';

/** The one method of a lane, as HTTP/2's `:path` has it. */
export const LANE_PATH = '/gantry.lane.v1.Lane/Open';

/** The largest frame: any message that gRPC would carry, less the few bytes of its envelope. */
export const FRAME_BYTES_MAX = MESSAGE_BYTES_MAX;

/** A frame that has this much is sent, so that one large frame does not hold up the small calls behind it. */
export const FRAME_BYTES_TARGET = 256 * 1024;

/** Frames given to a stream of grpc-js, which cannot be taken back from there: a few, so that the socket is never idle. */
export const HANDED_BYTES_MAX = 4 * FRAME_BYTES_TARGET;

/** How long a peer may read nothing of what was sent; as long as a WebSocket may, and then some for a busy process. */
export const READER_STUCK_MS = 20_000;

/** How often it is looked whether peers read. */
export const READER_CHECK_INTERVAL_MS = 5_000;

/** The longest assertion, of lane.proto. */
export const ASSERTION_CHARACTERS_MAX = 16 * 1024;

/** The window of a streaming call that asks for none, of lane.proto. */
export const DEFAULT_WINDOW_BYTES = 256 * 1024;

/** The largest window: HTTP/2's. */
export const WINDOW_BYTES_MAX = 2 ** 31 - 1;

/** What a reply takes off the window beside its payload, of lane.proto. */
export const REPLY_OVERHEAD_BYTES = 5;

/** The timeout of a call that has none, of lane.proto. */
export const NO_TIMEOUT_MS = 2 ** 32 - 1;

/** setTimeout takes no more, and fires at once beyond it. A longer time is cut to this: 24 days. */
export const TIMER_MAX_MS = 2 ** 31 - 1;

/** What holds on a lane until its settings arrive, of lane.proto. */
export const INITIAL_SETTINGS = {
  callsInFlightMax: 256,
  queuedBytesMax: 4 * 1024 * 1024,
  frameBytesMax: 4 * 1024 * 1024,
} as const;

/** What the lanes of a server may take. */
export const serverLaneLimits = {
  /** Calls in flight on one lane: what one gateway works on at most. */
  callsInFlightMax: 2_048,
  /** Requests in flight and replies not yet sent of one lane above which it takes no more calls. */
  queuedBytesMax: 64 * 1024 * 1024,
  /** Replies that a peer leaves unread before its lane is ended: what was in flight when it was full may still come. */
  unsentBytesMax: 128 * 1024 * 1024,
  /** Calls in flight on all lanes of a process: eight busy peers. */
  processCallsMax: 16_384,
  /** What they may hold together, in bytes. */
  processBytesMax: 512 * 1024 * 1024,
  /** Lanes of one server: one of each replica of each service that calls it, and those that are being replaced. */
  lanesMax: 512,
  /** What is kept of the assertions of one lane, as lane.proto says, and never more than so many characters. */
  assertionsMax: 4_096,
  assertionCharactersMax: 8 * 1024 * 1024,
} as const;

/** The limits of the lanes of a server. */
export type ServerLaneLimits = Readonly<Record<keyof typeof serverLaneLimits, number>>;

/** How old a server lets a connection get, which grpc-js makes up to a tenth less or more. New replicas get their share. */
export const CONNECTION_AGE_MS = 5 * 60_000;

/** What the lanes of a client may take, and how long things may take there. */
export const clientLaneLimits = {
  /** Calls in flight on all lanes of a process, and what they may hold: as at a server. */
  processCallsMax: 16_384,
  processBytesMax: 512 * 1024 * 1024,
  /** Calls that wait for room on a lane, and what they may hold; then they fail, for those behind would too. */
  waitingCallsMax: 1_024,
  waitingBytesMax: 32 * 1024 * 1024,
  /** How long a lane may take to open before calls stop waiting for it. */
  openingMaxMs: 2_000,
  /** How soon a server is asked for lanes again that has none: it may have been replaced by a newer one. */
  askAgainMs: 60_000,
  /**
   * How old a lane gets: so that it is replaced, and what was left on it has had its minute, before the server closes the
   * connection, which grpc-js does after five minutes give or take a tenth. Behind a virtual address the new connection may lead
   * to another replica, so new ones get their share.
   */
  ageMinMs: 2.5 * 60_000,
  ageJitterMs: 60_000,
  /** How long calls of a lane that was replaced may go on: as long as servers let those of an old connection. */
  leaveMaxMs: 60_000,
  /** How often it is looked which lanes fail; see lane-outliers.ts. */
  outlierIntervalMs: 2_000,
} as const;

/** The limits of the lanes of a client. */
export type ClientLaneLimits = Readonly<Record<keyof typeof clientLaneLimits, number>>;

/** What a client keeps of assertions: less than the server, so that whatever it refers to is still known there. */
export const CLIENT_ASSERTIONS_MAX = 2_048;
export const CLIENT_ASSERTION_CHARACTERS_MAX = 4 * 1024 * 1024;
