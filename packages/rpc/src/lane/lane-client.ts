import { GrpcClient } from '../grpc-client.ts';
import { MESSAGE_BYTES_MAX } from '../message-bytes.ts';

/** What HTTP/2 lets a server send before it must hear that it was read: one largest frame, so that none waits half sent. */
const FLOW_CONTROL_WINDOW_BYTES = 5 * 1024 * 1024;

/** Creates the client of one lane: a connection of its own to one address. */
export function createLaneClient(target: string): GrpcClient {
  return new GrpcClient(target, {
    'grpc.service_config_disable_resolution': 1,
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
    'grpc-node.flow_control_window': FLOW_CONTROL_WINDOW_BYTES,
    // A server that is gone without a FIN is noticed within ten seconds.
    'grpc.keepalive_time_ms': 5_000,
    'grpc.keepalive_timeout_ms': 5_000,
    'grpc.enable_retries': 0,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_http_proxy': 0,
  });
}
