import type { WireReader } from './wire-reader.ts';
import { fieldBytes, numberFieldBytes, type WireWriter } from './wire-writer.ts';

// The tags of OpenResponse and what it holds, of proto/gantry/lane/v1/lane.proto: field number times eight, plus wire type.
const SETTINGS = 0x0a;
const REPLIES = 0x12;
const STATUSES = 0x1a;
const DRAIN = 0x22;
const SETTINGS_CALLS = 0x08;
const SETTINGS_QUEUED = 0x10;
const SETTINGS_FRAME = 0x18;
const REPLY_CALL_ID = 0x08;
const REPLY_PAYLOAD = 0x12;
const REPLY_END = 0x18;
const STATUS_CALL_ID = 0x08;
const STATUS_CODE = 0x10;
const STATUS_MESSAGE = 0x1a;
const STATUS_DETAILS = 0x22;
const STATUS_NOT_STARTED = 0x28;
const DRAIN_LAST = 0x08;
const DRAIN_GRACE = 0x10;

/** What a server allows on one lane. */
export interface LaneSettings {
  readonly callsInFlightMax: number;
  readonly queuedBytesMax: number;
  readonly frameBytesMax: number;
}

/** The end of a call that did not end with a reply. */
export interface StatusPart {
  readonly callId: number;
  readonly code: number;
  readonly message: string;
  readonly details: Uint8Array;
  readonly notStarted: boolean;
}

/** What a client does with the parts of a server frame, which come in the order of their bytes. */
export interface ServerFrameVisitor {
  settings(settings: LaneSettings): void;
  reply(callId: number, payload: Buffer, isEnd: boolean): void;
  status(status: StatusPart): void;
  drain(lastCallId: number, graceMs: number): void;
}

/** Returns how many bytes a reply takes in a frame. */
export function replyBytes(callId: number, payload: Uint8Array): number {
  return fieldBytes(replyBodyBytes(callId, payload, true));
}

/** Adds settings to a frame. */
export function writeSettings(writer: WireWriter, settings: LaneSettings): void {
  const { callsInFlightMax, queuedBytesMax, frameBytesMax } = settings;
  const body = numberFieldBytes(callsInFlightMax) + numberFieldBytes(queuedBytesMax) + numberFieldBytes(frameBytesMax);
  writer.reserve(fieldBytes(body));
  writer.open(SETTINGS, body);
  writer.number(SETTINGS_CALLS, callsInFlightMax);
  writer.number(SETTINGS_QUEUED, queuedBytesMax);
  writer.number(SETTINGS_FRAME, frameBytesMax);
}

/** Adds a reply of a call to a frame. */
export function writeReply(
  writer: WireWriter,
  callId: number,
  { payload, isEnd }: { readonly payload: Uint8Array; readonly isEnd: boolean },
): void {
  const body = replyBodyBytes(callId, payload, isEnd);
  writer.reserve(fieldBytes(body));
  writer.open(REPLIES, body);
  writer.number(REPLY_CALL_ID, callId);
  writer.bytes(REPLY_PAYLOAD, payload);
  writer.number(REPLY_END, isEnd ? 1 : 0);
}

/** Adds the status of a call to a frame. */
export function writeStatus(writer: WireWriter, status: StatusPart): void {
  const { callId, code, message, details, notStarted } = status;
  const messageBytes = Buffer.byteLength(message);
  const body =
    numberFieldBytes(callId) +
    numberFieldBytes(code) +
    fieldBytes(messageBytes) +
    fieldBytes(details.length) +
    numberFieldBytes(notStarted ? 1 : 0);
  writer.reserve(fieldBytes(body));
  writer.open(STATUSES, body);
  writer.number(STATUS_CALL_ID, callId);
  writer.number(STATUS_CODE, code);
  writer.text(STATUS_MESSAGE, message, messageBytes);
  writer.bytes(STATUS_DETAILS, details);
  writer.number(STATUS_NOT_STARTED, notStarted ? 1 : 0);
}

/** Adds the announcement that the server stops to a frame. */
export function writeDrain(writer: WireWriter, lastCallId: number, graceMs: number): void {
  const body = numberFieldBytes(lastCallId) + numberFieldBytes(graceMs);
  writer.reserve(2 + body);
  writer.open(DRAIN, body);
  writer.number(DRAIN_LAST, lastCallId);
  writer.number(DRAIN_GRACE, graceMs);
}

/**
 * Reads the next part of a server frame.
 *
 * @throws {WireError} when it is not one.
 */
export function readServerPart(reader: WireReader, visitor: ServerFrameVisitor): void {
  const tag = reader.varint();
  if (tag === REPLIES) readReply(reader, visitor);
  else if (tag === STATUSES) readStatus(reader, visitor);
  else if (tag === SETTINGS) readSettings(reader, visitor);
  else if (tag === DRAIN) readDrain(reader, visitor);
  else reader.skip(tag);
}

function replyBodyBytes(callId: number, payload: Uint8Array, isEnd: boolean): number {
  return numberFieldBytes(callId) + fieldBytes(payload.length) + numberFieldBytes(isEnd ? 1 : 0);
}

const NO_BYTES: Buffer = Buffer.alloc(0);

function readReply(reader: WireReader, visitor: ServerFrameVisitor): void {
  let callId = 0;
  let payload: Buffer = NO_BYTES;
  let isEnd = false;
  const outerEnd = reader.enter();
  while (reader.hasMore) {
    const tag = reader.varint();
    if (tag === REPLY_CALL_ID) callId = reader.varint();
    else if (tag === REPLY_PAYLOAD) payload = reader.bytes();
    else if (tag === REPLY_END) isEnd = reader.varint() !== 0;
    else reader.skip(tag);
  }
  reader.leave(outerEnd);
  visitor.reply(callId, payload, isEnd);
}

function readStatus(reader: WireReader, visitor: ServerFrameVisitor): void {
  const status = { callId: 0, code: 0, message: '', details: NO_BYTES, notStarted: false };
  const outerEnd = reader.enter();
  while (reader.hasMore) {
    const tag = reader.varint();
    if (tag === STATUS_CALL_ID) status.callId = reader.varint();
    else if (tag === STATUS_CODE) status.code = reader.varint();
    else if (tag === STATUS_MESSAGE) status.message = reader.text();
    else if (tag === STATUS_DETAILS) status.details = reader.bytes();
    else if (tag === STATUS_NOT_STARTED) status.notStarted = reader.varint() !== 0;
    else reader.skip(tag);
  }
  reader.leave(outerEnd);
  visitor.status(status);
}

function readSettings(reader: WireReader, visitor: ServerFrameVisitor): void {
  const settings = { callsInFlightMax: 0, queuedBytesMax: 0, frameBytesMax: 0 };
  const outerEnd = reader.enter();
  while (reader.hasMore) {
    const tag = reader.varint();
    if (tag === SETTINGS_CALLS) settings.callsInFlightMax = reader.varint();
    else if (tag === SETTINGS_QUEUED) settings.queuedBytesMax = reader.varint();
    else if (tag === SETTINGS_FRAME) settings.frameBytesMax = reader.varint();
    else reader.skip(tag);
  }
  reader.leave(outerEnd);
  visitor.settings(settings);
}

function readDrain(reader: WireReader, visitor: ServerFrameVisitor): void {
  let lastCallId = 0;
  let graceMs = 0;
  const outerEnd = reader.enter();
  while (reader.hasMore) {
    const tag = reader.varint();
    if (tag === DRAIN_LAST) lastCallId = reader.varint();
    else if (tag === DRAIN_GRACE) graceMs = reader.varint();
    else reader.skip(tag);
  }
  reader.leave(outerEnd);
  visitor.drain(lastCallId, graceMs);
}
