import { type Registry, systemClock } from '@gantry/telemetry';
import type { ChannelOptions } from '@grpc/grpc-js';

import { GrpcClient } from './grpc-client.ts';
import { HEALTH_CHECKED, HealthCheckedSubchannel } from './health-checked-subchannel.ts';
import { createLaneTransport } from './lane/lane-transport.ts';
import { MESSAGE_BYTES_MAX } from './message-bytes.ts';
import { createPlainTransport } from './plain-transport.ts';
import { createResetBudget } from './reset-budget.ts';
import { registerSubchannelPolicy } from './subchannel-policy.ts';
import type { Transport } from './transport.ts';

/** What openRpcConnection needs. */
export interface RpcConnectionOptions {
  /** The service at the other end, for errors and metrics, e.g. `context`. */
  readonly peer: string;
  /** A gRPC target: `host:port`, `dns:///name:port` for a headless service, or `ipv4:a:1,b:2` for several replicas. */
  readonly target: string;
  readonly metrics: Registry;
  /** `lane` sends calls on lanes where the server offers them; `plain` makes ordinary calls only. Default `lane`. */
  readonly way?: 'lane' | 'plain';
}

/** The connections of a process to the replicas of one peer. */
export interface RpcConnection extends Disposable {
  readonly transport: Transport;
}

/** Opens the connection to a peer, on first use. Several clients may share it. */
export function openRpcConnection({ peer, target, metrics, way = 'lane' }: RpcConnectionOptions): RpcConnection {
  const plain = createPlainTransport({
    grpc: new GrpcClient(target, channelOptions()),
    peer,
    resets: createResetBudget(systemClock),
  });
  const transport = way === 'plain' ? plain : createLaneTransport({ target, peer, metrics, plain });
  return { transport, [Symbol.dispose]: () => transport[Symbol.dispose]() };
}

function channelOptions(): ChannelOptions {
  registerSubchannelPolicy(HEALTH_CHECKED, (child) => new HealthCheckedSubchannel(child));
  return {
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [healthChecked] }),
    'grpc.service_config_disable_resolution': 1,
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
    'grpc.keepalive_time_ms': 20_000,
    'grpc.keepalive_timeout_ms': 5_000,
    // A service that comes back is found within a second; one that is down costs one SYN a second.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1_000,
    'grpc.dns_min_time_between_resolutions_ms': 5_000,
    // Ours retries by the proto's idempotency level and within a budget.
    'grpc.enable_retries': 0,
    // Two clients of one target in one process, as in the single-process mode, must not share a connection's fate.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_http_proxy': 0,
  };
}

// Leaves out a replica that says it does not serve, such as one that drains, and for a while one that fails while others do not.
const healthChecked = {
  [HEALTH_CHECKED]: {
    child_policy: [
      {
        outlier_detection: {
          interval: { seconds: 2, nanos: 0 },
          base_ejection_time: { seconds: 5, nanos: 0 },
          max_ejection_time: { seconds: 60, nanos: 0 },
          max_ejection_percent: 50,
          failure_percentage_ejection: {
            // grpc-js counts every status but OK, also answers such as NOT_FOUND: only a replica that does next to nothing well.
            threshold: 90,
            enforcement_percentage: 100,
            minimum_hosts: 2,
            request_volume: 20,
          },
          child_policy: [{ round_robin: {} }],
        },
      },
    ],
  },
};
