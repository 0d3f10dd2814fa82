import { connectivityState, experimental } from '@grpc/grpc-js';

import { HealthCheckedSubchannel } from './health-checked-subchannel.ts';

/** The name of the policy in a service config; its `child_policy` does the balancing. */
export const HEALTH_CHECKED = 'health_checked';

type ControlHelper = Parameters<typeof experimental.createChildChannelControlHelper>[0];
type Balancer = InstanceType<typeof experimental.ChildLoadBalancerHandler>;
type Picker = Parameters<ControlHelper['updateState']>[1];
type BalancingConfig = ReturnType<typeof experimental.parseLoadBalancingConfig>;

/** The config of the policy: the policy below it. */
class HealthCheckedConfig {
  readonly child: BalancingConfig;

  constructor(child: BalancingConfig) {
    this.child = child;
  }

  static createFromJson(json: { readonly child_policy: Parameters<typeof experimental.selectLbConfigFromList>[0] }) {
    const child = experimental.selectLbConfigFromList(json.child_policy);
    if (child === null) throw new Error(`${HEALTH_CHECKED} needs a child_policy`);
    return new HealthCheckedConfig(child);
  }

  getLoadBalancerName(): string {
    return HEALTH_CHECKED;
  }

  toJsonObject(): object {
    return { [HEALTH_CHECKED]: { child_policy: [this.child.toJsonObject()] } };
  }
}

/** Hands its child policy connections that know the health of their server; the child leaves out the unhealthy ones. */
class HealthCheckedBalancer {
  readonly #child: Balancer;

  constructor(helper: ControlHelper) {
    this.#child = new experimental.ChildLoadBalancerHandler(
      experimental.createChildChannelControlHelper(helper, {
        createSubchannel: (address, args) => new HealthCheckedSubchannel(helper.createSubchannel(address, args)),
        updateState: (state, picker, message) =>
          helper.updateState(state, state === connectivityState.READY ? unwrapping(picker) : picker, message),
      }),
    );
  }

  updateAddressList(...[endpoints, config, ...rest]: Parameters<Balancer['updateAddressList']>): boolean {
    if (!(config instanceof HealthCheckedConfig)) return false;
    return this.#child.updateAddressList(endpoints, config.child, ...rest);
  }

  exitIdle(): void {
    this.#child.exitIdle();
  }

  resetBackoff(): void {
    this.#child.resetBackoff();
  }

  destroy(): void {
    this.#child.destroy();
  }

  getTypeName(): string {
    return HEALTH_CHECKED;
  }
}

function unwrapping(picker: Picker): Picker {
  return {
    pick: (args) => {
      const picked = picker.pick(args);
      if (!(picked.subchannel instanceof HealthCheckedSubchannel)) return picked;
      // The kind of the result stays; only the connection is another.
      return { ...picked, subchannel: picked.subchannel.wrapped } as typeof picked;
    },
  };
}

/** Makes the policy known to grpc-js; grpc-js keeps its policies in one table a process. */
export function registerHealthCheckedBalancer(): void {
  if (experimental.isLoadBalancerNameRegistered(HEALTH_CHECKED)) return;
  experimental.registerLoadBalancerType(HEALTH_CHECKED, HealthCheckedBalancer, HealthCheckedConfig);
}
