import { SessionRequest, SessionResponse } from '@gantry/protocol/gantry/gateway/v1/mcp_service';
import { type Client, type ClientDuplexStream, Metadata, type ServiceError, status } from '@grpc/grpc-js';

const PATH = '/gantry.gateway.v1.McpService/Session';

/** How long a session may take to open, connecting included. */
const OPEN_TIMEOUT_MS = 10_000;

/** What a stream tells of. After `onEnd` nothing is told. */
export interface FrameStreamEvents {
  /** The gateway has taken the key. */
  readonly onOpen: () => void;
  readonly onFrame: (messages: readonly string[]) => void;
  /** The stream takes frames again. */
  readonly onDrained: () => void;
  readonly onEnd: (cause: ServiceError | undefined) => void;
}

/** One gRPC stream of frames. */
export class FrameStream {
  readonly #stream: ClientDuplexStream<Buffer, SessionResponse>;
  readonly #events: FrameStreamEvents;
  readonly #openTimer: NodeJS.Timeout;
  #isOpen = false;
  #isBlocked = false;
  #isEnded = false;

  constructor(client: Client, headers: Readonly<Record<string, string>>, events: FrameStreamEvents) {
    this.#events = events;
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    this.#stream = client.makeBidiStreamRequest(PATH, passThrough, decode, metadata);
    this.#openTimer = setTimeout(() => this.#giveUp(), OPEN_TIMEOUT_MS);
    this.#stream.on('data', ({ messages }: SessionResponse) => this.#take(messages));
    this.#stream.on('drain', () => this.#drained());
    this.#stream.on('error', (error: ServiceError) => this.#end(error));
    this.#stream.on('status', ({ code }) => code === status.OK && this.#end(undefined));
  }

  /** Whether it takes no more frames for now. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  write(messages: readonly string[]): void {
    const bytes = SessionRequest.encode({ messages: messages.map((text) => Buffer.from(text)) }).finish();
    this.#isBlocked = !this.#stream.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  /** Says that nothing more comes. */
  halfClose(): void {
    this.#stream.end();
  }

  cancel(): void {
    this.#stream.cancel();
  }

  #take(messages: readonly Uint8Array[]): void {
    if (this.#isEnded) return;
    if (!this.#isOpen) {
      this.#isOpen = true;
      clearTimeout(this.#openTimer);
      this.#events.onOpen();
    }
    if (messages.length > 0) this.#events.onFrame(messages.map(textOf));
  }

  #giveUp(): void {
    const problem = `nobody answered within ${OPEN_TIMEOUT_MS} ms`;
    this.#stream.call?.cancelWithStatus(status.DEADLINE_EXCEEDED, problem);
  }

  #drained(): void {
    this.#isBlocked = false;
    if (!this.#isEnded) this.#events.onDrained();
  }

  #end(cause: ServiceError | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#openTimer);
    this.#events.onEnd(cause);
  }
}

const passThrough = (bytes: Buffer): Buffer => bytes;
const decode = (bytes: Buffer): SessionResponse => SessionResponse.decode(bytes);

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
