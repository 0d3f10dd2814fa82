import type { Metadata } from '@grpc/grpc-js';

/** The requests of one gRPC target; they are all the same. */
export interface GrpcPlan {
  /** `host:port` */
  readonly target: string;
  /** `/package.Service/Method` */
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** The request message, encoded. */
  readonly message: Uint8Array;
  /** Throws when an encoded answer is not the right one. */
  readonly assertAnswer: (answer: Buffer) => void;
}

/** What gRPC puts before each message: whether it is compressed, and its length. */
export const PREFIX_BYTES = 5;

/** Writes a message as gRPC does on the wire: not compressed, its length before it. */
export function toGrpcFrame(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(PREFIX_BYTES + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/** Returns the headers of a gRPC call on the wire. */
export function grpcHeaders({ metadata }: Pick<GrpcPlan, 'metadata'>): Record<string, string> {
  return { 'content-type': 'application/grpc', te: 'trailers', ...metadata };
}

/** Fills gRPC metadata with the headers of a plan. */
export function fillMetadata(metadata: Metadata, { metadata: given }: Pick<GrpcPlan, 'metadata'>): Metadata {
  for (const [name, value] of Object.entries(given)) metadata.set(name, value);
  return metadata;
}
