export { bindService, type BindServiceOptions, type BoundService } from './bind-service.ts';
export type { CallContext } from './call-context.ts';
export type { CallOptions } from './call-options.ts';
export { Cancellation, type CancelSignal } from './cancel-signal.ts';
export { createRpcClient, type RpcClient, type RpcClientOptions } from './client.ts';
export { openRpcConnection, type RpcConnection, type RpcConnectionOptions } from './connection.ts';
export { withEncodedRequests, type WithEncodedRequests } from './encoded-requests.ts';
export { METADATA_BYTES_MAX, metadataKeys } from './metadata-keys.ts';
export type { Call, Client, Definition, Handler, Handlers, Method, Replies, RequestOf, ResponseOf } from './method.ts';
export {
  createRemoteCallerVerifier,
  type RemoteCallerVerifier,
  type RemoteCallerVerifierOptions,
} from './remote-caller-verifier.ts';
export { MESSAGE_BYTES_MAX } from './message-bytes.ts';
export { requestMalformed } from './request-malformed.ts';
export { onlyReply } from './only-reply.ts';
export { createRpcServer, type RpcServer, type RpcServerOptions } from './server.ts';
export type { Access, CallEnded, CallOutcome, ServerCall, ServerInterceptor } from './server-call.ts';
export { unimplemented, unimplementedError } from './unimplemented.ts';
