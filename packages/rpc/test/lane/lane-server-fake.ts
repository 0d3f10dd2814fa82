import { OpenRequest, OpenResponse } from '@gantry/protocol/gantry/lane/v1/lane';
import {
  GetToolRequest,
  GetToolResponse,
  Tool,
  ToolServiceDefinition,
} from '@gantry/protocol/gantry/tool/v1/tool_service';
import { createMetricsRegistry, createTracing, systemClock } from '@gantry/telemetry';
import {
  Client as GrpcClient,
  credentials,
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
} from '@grpc/grpc-js';

import { createRpcClient } from '../../src/index.ts';
import { LANE_PATH, type ClientLaneLimits } from '../../src/lane/lane-limits.ts';
import { createLaneTransport } from '../../src/lane/lane-transport.ts';
import { createPlainTransport } from '../../src/plain-transport.ts';
import { createResetBudget } from '../../src/reset-budget.ts';

const pass = (bytes: Buffer): Buffer => bytes;

/** What a well-behaved server says first. */
export const settings = { callsInFlightMax: 256, queuedBytesMax: 4 * 1024 * 1024, frameBytesMax: 4 * 1024 * 1024 };

/** One lane at a server that does what a test says. */
export class FakeServedLane {
  readonly stream: ServerDuplexStream<Buffer, Buffer>;
  /** The ids of the calls that have come. */
  readonly callIds: number[] = [];

  constructor(stream: ServerDuplexStream<Buffer, Buffer>) {
    this.stream = stream;
    stream.on('error', () => undefined);
    stream.on('end', () => stream.end());
    this.onFrame(({ calls }) => this.callIds.push(...calls.map(({ callId }) => callId)));
  }

  send(parts: Parameters<typeof OpenResponse.create>[0]): void {
    this.sendBytes(OpenResponse.encode(OpenResponse.create(parts)).finish());
  }

  sendBytes(frame: Uint8Array): void {
    this.stream.write(Buffer.from(frame));
  }

  /** Ends the lane with a status. */
  fail(code: number): void {
    this.stream.emit('error', { code, details: 'no' });
  }

  /** Calls back with every frame of the client. */
  onFrame(listener: (frame: OpenRequest) => void): void {
    this.stream.on('data', (frame: Buffer) => listener(OpenRequest.decode(frame)));
  }

  /** Answers every call of GetTool with its name. */
  answer(): void {
    this.onFrame(({ calls }) => {
      for (const { callId, payload } of calls) this.reply(callId, GetToolRequest.decode(payload).name);
    });
  }

  reply(callId: number, name: string): void {
    const payload = GetToolResponse.encode({ tool: Tool.create({ name }) }).finish();
    this.send({ replies: [{ callId, payload, end: true }] });
  }
}

/** A server whose lanes do what a test says; ordinary calls are answered with `plain`. Without `onLane` it has no lanes. */
export async function startFakeServer(onLane: ((lane: FakeServedLane) => void) | undefined) {
  const server = new Server();
  const lanes: FakeServedLane[] = [];
  const open: handleBidiStreamingCall<Buffer, Buffer> = (stream) => {
    const lane = new FakeServedLane(stream);
    lanes.push(lane);
    onLane?.(lane);
  };
  const getTool: handleUnaryCall<Buffer, Buffer> = (_call, done) =>
    done(null, Buffer.from(GetToolResponse.encode({ tool: Tool.create({ name: 'plain' }) }).finish()));
  const serializers = {
    requestSerialize: pass,
    requestDeserialize: pass,
    responseSerialize: pass,
    responseDeserialize: pass,
  };
  if (onLane !== undefined) {
    server.addService(
      { open: { path: LANE_PATH, requestStream: true, responseStream: true, ...serializers } },
      { open },
    );
  }
  const callTool: handleServerStreamingCall<Buffer, Buffer> = (stream) => {
    stream.write(Buffer.alloc(0));
    stream.end();
  };
  const path = '/gantry.tool.v1.ToolService';
  const unary = { requestStream: false, responseStream: false, ...serializers };
  server.addService(
    {
      getTool: { path: `${path}/GetTool`, ...unary },
      callTool: { path: `${path}/CallTool`, ...unary, responseStream: true },
    },
    { getTool, callTool },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { address: `127.0.0.1:${port}`, lanes, [Symbol.dispose]: () => server.forceShutdown() };
}

/** Connects to a target as createRpcClient does, with limits of its own. */
export async function connectWith(
  target: string,
  limits: Partial<ClientLaneLimits> = {},
  watch?: Parameters<typeof createLaneTransport>[0]['watch'],
) {
  const metrics = createMetricsRegistry({ service: 'gateway' });
  const plain = createPlainTransport({
    grpc: new GrpcClient(target, credentials.createInsecure()),
    peer: 'tool',
    resets: createResetBudget(systemClock),
  });
  const options = { target, peer: 'tool', metrics, plain, limits };
  const transport = createLaneTransport(watch === undefined ? options : { ...options, watch });
  const connection = { transport, [Symbol.dispose]: () => transport[Symbol.dispose]() };
  const tracing = await createTracing({ service: 'gateway' });
  const connect = () => createRpcClient(ToolServiceDefinition, { peer: 'tool', target: connection, metrics, tracing });
  const client = connect();
  return {
    client,
    metrics,
    /** Returns the name that GetTool answers with. By a client of its own, whose breaker is closed. */
    async nameOf(name: string): Promise<string> {
      using own = connect();
      return (await own.getTool({ name }, { assertion: 'ann' })).tool?.name ?? '';
    },
    [Symbol.dispose]() {
      client[Symbol.dispose]();
      connection[Symbol.dispose]();
    },
  };
}
