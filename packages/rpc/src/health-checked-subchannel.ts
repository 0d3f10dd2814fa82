import { Client, type ClientReadableStream, connectivityState, credentials, status } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';

import { PolicySubchannel } from './subchannel-policy.ts';

/** The name of the policy that leaves out servers that say they do not serve. */
export const HEALTH_CHECKED = 'health_checked';

/** A server that cannot tell right now is asked again after a second. */
const ASK_AGAIN_MS = 1_000;

type StateListener = Parameters<PolicySubchannel['addConnectivityStateListener']>[0];

/**
 * A connection to one address whose server is asked, by the Watch of grpc.health.v1.Health, whether it serves. Healthy until
 * the server says otherwise, and when it has no health service (gRFC A17).
 */
export class HealthCheckedSubchannel extends PolicySubchannel {
  #watch: ClientReadableStream<HealthReply> | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #onStateChange: StateListener = (_subchannel, _previous, state) => this.#follow(state);

  constructor(child: PolicySubchannel['wrapped']) {
    super(child);
    child.addConnectivityStateListener(this.#onStateChange);
    this.#follow(child.getConnectivityState());
  }

  protected override destroy(): void {
    this.child.removeConnectivityStateListener(this.#onStateChange);
    this.#stop();
    super.destroy();
  }

  #follow(state: connectivityState): void {
    this.#stop();
    if (state === connectivityState.READY) this.#start();
    // What the next server at this address says is asked of it.
    else this.setHealthy(true);
  }

  #start(): void {
    const watch = watchHealth(this.child.getChannel());
    this.#watch = watch;
    watch.on('data', ({ status: serving }) => this.setHealthy(serving === 'SERVING'));
    watch.on('error', (error) => {
      if (this.#watch !== watch) return;
      if ('code' in error && error.code === status.UNIMPLEMENTED) return this.setHealthy(true);
      this.#timer = setTimeout(() => this.#follow(this.child.getConnectivityState()), ASK_AGAIN_MS);
      this.#timer.unref();
    });
  }

  #stop(): void {
    const watch = this.#watch;
    this.#watch = undefined;
    clearTimeout(this.#timer);
    watch?.cancel();
  }
}

interface HealthReply {
  readonly status: string;
}

function watchHealth(channel: ReturnType<PolicySubchannel['getChannel']>): ClientReadableStream<HealthReply> {
  const { Watch: watch } = healthService;
  if (watch === undefined) throw new Error('grpc-health-check has no Watch');
  const client = new Client('unused', credentials.createInsecure(), { channelOverride: channel });
  const deserialize = (bytes: Buffer): HealthReply => {
    const reply = watch.responseDeserialize(bytes);
    return { status: 'status' in reply ? String(reply.status) : 'UNKNOWN' };
  };
  return client.makeServerStreamRequest(watch.path, watch.requestSerialize, deserialize, { service: '' });
}
