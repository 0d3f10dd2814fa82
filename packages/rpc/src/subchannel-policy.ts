import { connectivityState, experimental } from '@grpc/grpc-js';

type ControlHelper = Parameters<typeof experimental.createChildChannelControlHelper>[0];
type Balancer = InstanceType<typeof experimental.ChildLoadBalancerHandler>;
type Picker = Parameters<ControlHelper['updateState']>[1];
type BalancingConfig = ReturnType<typeof experimental.parseLoadBalancingConfig>;
type BaseSubchannel = InstanceType<typeof experimental.BaseSubchannelWrapper>;

/** A connection to one address that does something of its own before the one beneath. */
export class PolicySubchannel extends experimental.BaseSubchannelWrapper {
  /** The connection beneath, for the picker: each policy sees only its own wrappers. */
  get wrapped(): BaseSubchannel['child'] {
    return this.child;
  }
}

/** What a policy makes of a connection. */
type Wrap = (child: BaseSubchannel['child']) => PolicySubchannel;

/**
 * Makes a balancing policy known to grpc-js that hands its child policy, `child_policy` of its config, connections of its own.
 * grpc-js keeps its policies in one table a process; a second time does nothing.
 */
export function registerSubchannelPolicy(name: string, wrap: Wrap): void {
  if (experimental.isLoadBalancerNameRegistered(name)) return;

  class Config extends PolicyConfig {
    static createFromJson(json: { readonly child_policy: Parameters<typeof experimental.selectLbConfigFromList>[0] }) {
      const child = experimental.selectLbConfigFromList(json.child_policy);
      if (child === null) throw new Error(`${name} needs a child_policy`);
      return new Config(name, child);
    }
  }

  class NamedPolicy extends Policy {
    constructor(helper: ControlHelper) {
      super(helper, { name, wrap });
    }
  }

  experimental.registerLoadBalancerType(name, NamedPolicy, Config);
}

/** The config of a policy: the policy below it. */
class PolicyConfig {
  readonly child: BalancingConfig;
  readonly #name: string;

  constructor(name: string, child: BalancingConfig) {
    this.#name = name;
    this.child = child;
  }

  getLoadBalancerName(): string {
    return this.#name;
  }

  toJsonObject(): object {
    return { [this.#name]: { child_policy: [this.child.toJsonObject()] } };
  }
}

class Policy {
  readonly #name: string;
  readonly #child: Balancer;

  constructor(helper: ControlHelper, { name, wrap }: { readonly name: string; readonly wrap: Wrap }) {
    this.#name = name;
    this.#child = new experimental.ChildLoadBalancerHandler(
      experimental.createChildChannelControlHelper(helper, {
        createSubchannel: (address, args) => wrap(helper.createSubchannel(address, args)),
        updateState: (state, picker, message) =>
          helper.updateState(state, state === connectivityState.READY ? unwrapping(picker) : picker, message),
      }),
    );
  }

  updateAddressList(...[endpoints, config, ...rest]: Parameters<Balancer['updateAddressList']>): boolean {
    if (!(config instanceof PolicyConfig)) return false;
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
    return this.#name;
  }
}

function unwrapping(picker: Picker): Picker {
  return {
    pick: (args) => {
      const picked = picker.pick(args);
      if (!(picked.subchannel instanceof PolicySubchannel)) return picked;
      // The kind of the result stays; only the connection is another.
      return { ...picked, subchannel: picked.subchannel.wrapped } as typeof picked;
    },
  };
}
