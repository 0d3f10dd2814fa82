import type { WireReader } from './wire-reader.ts';
import { fieldBytes, numberFieldBytes, type WireWriter } from './wire-writer.ts';

// The tags of OpenRequest and what it holds, of proto/gantry/lane/v1/lane.proto: field number times eight, plus wire type.
const ASSERTIONS = 0x0a;
const CALLS = 0x12;
const WINDOWS = 0x1a;
const CANCELS = 0x20;
const CANCELS_PACKED = 0x22;
const ASSERTION_ID = 0x08;
const ASSERTION_VALUE = 0x12;
const CALL_ID = 0x08;
const CALL_METHOD = 0x12;
const CALL_PAYLOAD = 0x1a;
const CALL_TIMEOUT = 0x20;
const CALL_ASSERTION_ID = 0x28;
const CALL_TRACEPARENT = 0x32;
const CALL_WINDOW = 0x38;
const CALL_METADATA = 0x42;
const CALL_REQUEST_ID = 0x4a;
const ENTRY_KEY = 0x0a;
const ENTRY_VALUE = 0x12;
const WINDOW_CALL_ID = 0x08;
const WINDOW_ADDED = 0x10;

/** A call as a client frame carries it. */
export interface CallPart {
  readonly callId: number;
  readonly method: string;
  readonly payload: Uint8Array;
  /** Milliseconds from now. */
  readonly timeoutMs: number;
  /** 0 for none. */
  readonly assertionId: number;
  readonly traceparent: string;
  /** 0 for the default. */
  readonly windowBytes: number;
  readonly requestId: string;
}

/** A call as it arrives: others than our own client may send metadata. */
export interface ArrivedCall extends CallPart {
  readonly payload: Buffer;
  /** By key; undefined when there is none. */
  readonly metadata: ReadonlyMap<string, string> | undefined;
}

/** What a server does with the parts of a client frame, which come in the order of their bytes. */
export interface ClientFrameVisitor {
  assertion(id: number, value: string): void;
  call(call: ArrivedCall): void;
  window(callId: number, bytes: number): void;
  cancel(callId: number): void;
}

/** Returns how many bytes a call takes in a frame. Its texts but the payload are ASCII. */
export function callBytes(call: CallPart): number {
  return fieldBytes(callBodyBytes(call));
}

/** Adds a call to a frame. */
export function writeCall(writer: WireWriter, call: CallPart): void {
  const body = callBodyBytes(call);
  writer.reserve(fieldBytes(body));
  writer.open(CALLS, body);
  writer.number(CALL_ID, call.callId);
  writer.ascii(CALL_METHOD, call.method);
  writer.bytes(CALL_PAYLOAD, call.payload);
  writer.number(CALL_TIMEOUT, call.timeoutMs);
  writer.number(CALL_ASSERTION_ID, call.assertionId);
  writer.ascii(CALL_TRACEPARENT, call.traceparent);
  writer.number(CALL_WINDOW, call.windowBytes);
  writer.ascii(CALL_REQUEST_ID, call.requestId);
}

/** Adds an assertion, which is ASCII, to a frame. */
export function writeAssertion(writer: WireWriter, id: number, value: string): void {
  const body = numberFieldBytes(id) + fieldBytes(value.length);
  writer.reserve(fieldBytes(body));
  writer.open(ASSERTIONS, body);
  writer.number(ASSERTION_ID, id);
  writer.ascii(ASSERTION_VALUE, value);
}

/** Adds more room for the replies of a call to a frame. */
export function writeWindow(writer: WireWriter, callId: number, bytes: number): void {
  const body = numberFieldBytes(callId) + numberFieldBytes(bytes);
  writer.reserve(fieldBytes(body));
  writer.open(WINDOWS, body);
  writer.number(WINDOW_CALL_ID, callId);
  writer.number(WINDOW_ADDED, bytes);
}

/** Adds a cancelled call to a frame. */
export function writeCancel(writer: WireWriter, callId: number): void {
  writer.reserve(numberFieldBytes(callId));
  writer.number(CANCELS, callId);
}

/**
 * Reads the next part of a client frame.
 *
 * @throws {WireError} when it is not one.
 */
export function readClientPart(reader: WireReader, visitor: ClientFrameVisitor): void {
  const tag = reader.varint();
  if (tag === CALLS) visitor.call(readCall(reader));
  else if (tag === ASSERTIONS) readAssertion(reader, visitor);
  else if (tag === WINDOWS) readWindow(reader, visitor);
  else if (tag === CANCELS) visitor.cancel(reader.varint());
  else if (tag === CANCELS_PACKED) readCancels(reader, visitor);
  else reader.skip(tag);
}

function callBodyBytes(call: CallPart): number {
  return (
    numberFieldBytes(call.callId) +
    fieldBytes(call.method.length) +
    fieldBytes(call.payload.length) +
    numberFieldBytes(call.timeoutMs) +
    numberFieldBytes(call.assertionId) +
    fieldBytes(call.traceparent.length) +
    numberFieldBytes(call.windowBytes) +
    fieldBytes(call.requestId.length)
  );
}

const NO_BYTES: Buffer = Buffer.alloc(0);

/** Mutable while it is being read. */
interface CallDraft {
  callId: number;
  method: string;
  payload: Buffer;
  timeoutMs: number;
  assertionId: number;
  traceparent: string;
  windowBytes: number;
  requestId: string;
  metadata: Map<string, string> | undefined;
}

function readCall(reader: WireReader): ArrivedCall {
  const call: CallDraft = {
    callId: 0,
    method: '',
    payload: NO_BYTES,
    timeoutMs: 0,
    assertionId: 0,
    traceparent: '',
    windowBytes: 0,
    requestId: '',
    metadata: undefined,
  };
  const outerEnd = reader.enter();
  while (reader.hasMore) readCallField(reader, call);
  reader.leave(outerEnd);
  return call;
}

function readCallField(reader: WireReader, call: CallDraft): void {
  const tag = reader.varint();
  switch (tag) {
    case CALL_ID:
      call.callId = reader.varint();
      return;
    case CALL_METHOD:
      call.method = reader.text();
      return;
    case CALL_PAYLOAD:
      call.payload = reader.bytes();
      return;
    case CALL_TIMEOUT:
      call.timeoutMs = reader.varint();
      return;
    case CALL_ASSERTION_ID:
      call.assertionId = reader.varint();
      return;
    case CALL_TRACEPARENT:
      call.traceparent = reader.text();
      return;
    case CALL_WINDOW:
      call.windowBytes = reader.varint();
      return;
    case CALL_REQUEST_ID:
      call.requestId = reader.text();
      return;
    case CALL_METADATA:
      call.metadata ??= new Map();
      return readEntry(reader, call.metadata);
    default:
      return reader.skip(tag);
  }
}

function readEntry(reader: WireReader, metadata: Map<string, string>): void {
  let key = '';
  let value = '';
  const outerEnd = reader.enter();
  while (reader.hasMore) {
    const tag = reader.varint();
    if (tag === ENTRY_KEY) key = reader.text();
    else if (tag === ENTRY_VALUE) value = reader.text();
    else reader.skip(tag);
  }
  reader.leave(outerEnd);
  metadata.set(key, value);
}

function readAssertion(reader: WireReader, visitor: ClientFrameVisitor): void {
  let id = 0;
  let value = '';
  const outerEnd = reader.enter();
  while (reader.hasMore) {
    const tag = reader.varint();
    if (tag === ASSERTION_ID) id = reader.varint();
    else if (tag === ASSERTION_VALUE) value = reader.text();
    else reader.skip(tag);
  }
  reader.leave(outerEnd);
  visitor.assertion(id, value);
}

function readWindow(reader: WireReader, visitor: ClientFrameVisitor): void {
  let callId = 0;
  let bytes = 0;
  const outerEnd = reader.enter();
  while (reader.hasMore) {
    const tag = reader.varint();
    if (tag === WINDOW_CALL_ID) callId = reader.varint();
    else if (tag === WINDOW_ADDED) bytes = reader.varint();
    else reader.skip(tag);
  }
  reader.leave(outerEnd);
  visitor.window(callId, bytes);
}

function readCancels(reader: WireReader, visitor: ClientFrameVisitor): void {
  const outerEnd = reader.enter();
  while (reader.hasMore) visitor.cancel(reader.varint());
  reader.leave(outerEnd);
}
