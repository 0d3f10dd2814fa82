import { decodeStatus } from '@gantry/errors';
import {
  type Call,
  type CallStatus,
  OpenRequest,
  OpenResponse,
  type Reply,
} from '@gantry/protocol/gantry/lane/v1/lane';
import { GetToolRequest } from '@gantry/protocol/gantry/tool/v1/tool_service';
import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { expect, vi } from 'vitest';

import { LANE_PATH } from '../../src/lane/lane-limits.ts';

/** Floods take a while on a busy machine. */
const PATIENCE = { timeout: 10_000 };

const pass = (bytes: Buffer): Buffer => bytes;

/** How a lane ended: the code of its status and the reason in its details. */
export interface LaneEnding {
  readonly code: number;
  readonly reason: string | undefined;
}

/** A client of a lane that sends whatever it is told to, right or wrong. */
export class RawLane implements Disposable {
  readonly #client: Client;
  readonly stream: ClientDuplexStream<Buffer, Buffer>;
  readonly frames: OpenResponse[] = [];
  /** Settles with how the lane ended. */
  readonly ended: Promise<LaneEnding>;

  constructor(address: string) {
    const options = { 'grpc.max_send_message_length': -1, 'grpc.max_receive_message_length': -1 };
    this.#client = new Client(address, credentials.createInsecure(), options);
    this.stream = this.#client.makeBidiStreamRequest(LANE_PATH, pass, pass, new Metadata(), {});
    this.stream.on('data', (frame: Buffer) => void this.frames.push(OpenResponse.decode(frame)));
    this.ended = new Promise((resolve) => {
      this.stream.on('end', () => resolve({ code: 0, reason: undefined }));
      this.stream.on('error', (error: ServiceError) => {
        const [details] = error.metadata?.get('grpc-status-details-bin') ?? [];
        resolve({ code: error.code, reason: details instanceof Buffer ? decodeStatus(details)?.reason : undefined });
      });
    });
  }

  get replies(): readonly Reply[] {
    return this.frames.flatMap(({ replies }) => replies);
  }

  get statuses(): readonly CallStatus[] {
    return this.frames.flatMap(({ statuses }) => statuses);
  }

  /** Sends bytes as a frame. */
  sendBytes(frame: Uint8Array): void {
    this.stream.write(Buffer.from(frame));
  }

  send(parts: Parameters<typeof OpenRequest.create>[0]): void {
    this.sendBytes(OpenRequest.encode(OpenRequest.create(parts)).finish());
  }

  /** Resolves with the reason that a call ended with; undefined for a status without one. */
  async reasonOf(callId: number): Promise<string | undefined> {
    const status = await vi.waitFor(() => {
      const found = this.statuses.find((one) => one.callId === callId);
      expect(found, `a status of call ${callId}`).toBeDefined();
      return found;
    }, PATIENCE);
    return status === undefined ? undefined : decodeStatus(status.details)?.reason;
  }

  /** Resolves when a call has been answered OK. */
  async repliedTo(callId: number): Promise<void> {
    await vi.waitFor(() => expect(this.replies.map((reply) => reply.callId)).toContain(callId), PATIENCE);
  }

  [Symbol.dispose](): void {
    this.stream.cancel();
    this.#client.close();
  }
}

export const toolPath = (method: string): string => `/gantry.tool.v1.ToolService/${method}`;

/** A call of GetTool under the assertion that the lane was told of as 1. */
export function getTool(callId: number, parts: Partial<Call> = {}): Call {
  return {
    callId,
    method: toolPath('GetTool'),
    payload: GetToolRequest.encode({ name: `call-${callId}` }).finish(),
    timeoutMillis: 60_000,
    assertionId: 1,
    traceparent: '',
    windowBytes: 0,
    metadata: {},
    requestId: '',
    ...parts,
  };
}

/** The assertion that calls of getTool are under. */
export const ann = { assertionId: 1, value: 'ann' };

/** A call of GetTool by a name; see startWithLane for `hanging` and `stuck`. */
export const named = (callId: number, name: string): Call =>
  getTool(callId, { payload: GetToolRequest.encode({ name }).finish() });

/** A call that goes on until it is cancelled. */
export const hanging = (callId: number): Call => named(callId, 'hanging');
