import { SessionRequest, SessionResponse } from '@gantry/protocol/gantry/gateway/v1/mcp_service';
import { ErrorInfo } from '@gantry/protocol/google/rpc/error_details';
import { Status } from '@gantry/protocol/google/rpc/status';
import { Metadata, Server, ServerCredentials, type ServerDuplexStream, type status } from '@grpc/grpc-js';

type Message = Readonly<Record<string, unknown>>;

/** How a stream is ended. Without a reason it is as from something in between that is no gateway. */
export interface Ending {
  readonly code: status;
  readonly reason?: string;
}

/** Stands in for a gateway: takes every session, keeps the frames it gets, and sends what a test wants sent. */
export class FakeGateway implements AsyncDisposable {
  readonly frames: Message[][] = [];
  readonly #server = new Server();
  readonly #streams = new Set<ServerDuplexStream<SessionRequest, SessionResponse>>();
  #target = '';
  /** See refuseNext. */
  #endings: readonly (Ending | undefined)[] = [undefined];

  static async start(): Promise<FakeGateway> {
    const gateway = new FakeGateway();
    await gateway.#listen();
    return gateway;
  }

  get target(): string {
    return this.#target;
  }

  get messages(): readonly Message[] {
    return this.frames.flat();
  }

  /** Sends a frame on every stream. */
  send(...messages: readonly (object | string)[]): void {
    const bytes = messages.map((message) =>
      Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)),
    );
    for (const stream of this.#streams) stream.write({ messages: bytes });
  }

  /** Answers every request that has come so far. */
  answerAll(): void {
    for (const { id } of this.frames.splice(0).flat()) {
      if (typeof id === 'number') this.send({ jsonrpc: '2.0', id, result: { id } });
    }
  }

  /** Ends every stream. */
  end(ending: Ending): void {
    for (const stream of this.#streams) endWith(stream, ending);
    this.#streams.clear();
  }

  /** Ends the streams to come before they are open, one ending each; undefined takes one, and the last counts for the rest. */
  refuseNext(...endings: readonly (Ending | undefined)[]): void {
    this.#endings = endings;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
  }

  async #listen(): Promise<void> {
    this.#server.addService(
      {
        session: {
          path: '/gantry.gateway.v1.McpService/Session',
          requestStream: true,
          responseStream: true,
          requestSerialize: (value: SessionRequest) => Buffer.from(SessionRequest.encode(value).finish()),
          requestDeserialize: (bytes: Buffer) => SessionRequest.decode(bytes),
          responseSerialize: (value: SessionResponse) => Buffer.from(SessionResponse.encode(value).finish()),
          responseDeserialize: (bytes: Buffer) => SessionResponse.decode(bytes),
        },
      },
      { session: (stream: ServerDuplexStream<SessionRequest, SessionResponse>) => this.#serve(stream) },
    );
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    this.#target = `127.0.0.1:${port}`;
  }

  #serve(stream: ServerDuplexStream<SessionRequest, SessionResponse>): void {
    const [ending] = this.#endings;
    if (this.#endings.length > 1) this.#endings = this.#endings.slice(1);
    if (ending !== undefined) return endWith(stream, ending);
    this.#streams.add(stream);
    stream.write({ messages: [] });
    stream.on('data', ({ messages }: SessionRequest) => {
      this.frames.push(messages.map((bytes) => JSON.parse(Buffer.from(bytes).toString())));
    });
    stream.on('end', () => stream.end());
    stream.on('cancelled', () => this.#streams.delete(stream));
  }
}

function endWith(stream: ServerDuplexStream<SessionRequest, SessionResponse>, { code, reason }: Ending): void {
  const metadata = new Metadata();
  if (reason !== undefined) metadata.set('grpc-status-details-bin', detailsOf(code, reason));
  stream.emit('error', { code, details: 'the fake gateway was told to', metadata });
}

function detailsOf(code: status, reason: string): Buffer {
  const value = ErrorInfo.encode({ reason, domain: 'gateway', metadata: {} }).finish();
  const details = [{ typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value }];
  return Buffer.from(Status.encode({ code, message: 'the fake gateway was told to', details }).finish());
}
