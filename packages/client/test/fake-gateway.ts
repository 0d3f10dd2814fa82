import { SessionRequest, SessionResponse } from '@gantry/protocol/gantry/gateway/v1/mcp_service';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';

type Message = Readonly<Record<string, unknown>>;

/** Stands in for a gateway: takes every session, keeps the frames it gets, and sends what a test wants sent. */
export class FakeGateway implements AsyncDisposable {
  readonly frames: Message[][] = [];
  readonly #server = new Server();
  readonly #streams = new Set<ServerDuplexStream<SessionRequest, SessionResponse>>();
  #target = '';

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
    this.#streams.add(stream);
    stream.write({ messages: [] });
    stream.on('data', ({ messages }: SessionRequest) => {
      this.frames.push(messages.map((bytes) => JSON.parse(Buffer.from(bytes).toString())));
    });
    stream.on('end', () => stream.end());
    stream.on('cancelled', () => this.#streams.delete(stream));
  }
}
