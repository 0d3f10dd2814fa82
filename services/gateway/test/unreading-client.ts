import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';

import { McpServiceDefinition, SessionRequest } from '@gantry/protocol/gantry/gateway/v1/mcp_service';

/** gRPC's prefix of a message: whether it is compressed, and its length. */
const PREFIX_BYTES = 5;

/** A client of McpService.Session that reads nothing. One of grpc-js would: it reads ahead of whoever uses it. */
export class UnreadingClient implements Disposable {
  /** The HTTP/2 code that its stream was reset with. */
  readonly reset: Promise<number>;
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;

  constructor(target: string, key: string) {
    this.#session = connect(`http://${target}`);
    this.#session.on('error', () => undefined);
    this.#stream = this.#session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: `/${McpServiceDefinition.fullName}/Session`,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
      [constants.HTTP2_HEADER_TE]: 'trailers',
      authorization: `Bearer ${key}`,
    });
    this.reset = new Promise((resolve) => this.#stream.once('error', () => resolve(this.#stream.rstCode)));
  }

  /** Sends a frame. */
  send(messages: readonly unknown[]): void {
    const encoded = messages.map((message) => new TextEncoder().encode(JSON.stringify(message)));
    const body = SessionRequest.encode({ messages: encoded }).finish();
    const prefix = Buffer.alloc(PREFIX_BYTES);
    prefix.writeUInt32BE(body.length, 1);
    this.#stream.write(Buffer.concat([prefix, body]));
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}
