import { connectivityState } from '@grpc/grpc-js';

import { PolicySubchannel } from '../subchannel-policy.ts';

/** The name of the policy whose connections are not made again by themselves. */
export const ONE_ATTEMPT = 'one_attempt';

/**
 * A connection that is tried once: LaneSlot tries again, with another client. As grpc-js 1.14 has it, one that could not be made
 * goes on being tried after its client was closed, and is then kept open for nobody: each attempt while a server is down would
 * leave one.
 */
export class OneAttemptSubchannel extends PolicySubchannel {
  override startConnecting(): void {
    if (this.child.getConnectivityState() === connectivityState.IDLE) super.startConnecting();
  }
}
