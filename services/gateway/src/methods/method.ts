import type { Principal } from '@gantry/identity';
import type { CallOptions } from '@gantry/rpc';

import type { Dialect } from '../json-rpc/dialect.ts';
import type { Params } from './params.ts';

/** What a principal must be allowed to call a method. */
export interface MethodPermission {
  /** The area, e.g. `tools`. */
  readonly area: string;
  /** Any one of these is enough; the first is the one that is asked for. */
  readonly actions: readonly string[];
  /** Whether a permission on one thing of the area is enough, since the service looks at the thing itself. */
  readonly isPerThing: boolean;
}

/** A connection that the server can push notifications to. */
export interface PushConnection {
  /** Begins a subscription. @throws {AppError} what watching fails with, or SUBSCRIPTION_LIMIT_REACHED. */
  subscribe(uri: string, call: MethodCall): Promise<string>;
  /** Ends the subscription of this id or of this URI; does nothing when there is none. */
  unsubscribe(idOrUri: string): void;
  /** Ends a request that is in flight, by the JSON text of its id. */
  cancel(idText: string): void;
}

/** One call of a method. */
export interface MethodCall {
  readonly principal: Principal;
  readonly dialect: Dialect;
  /** What every call to a service on behalf of this one is made with. */
  readonly options: CallOptions;
  /** Absent where nothing can be pushed. */
  readonly connection: PushConnection | undefined;
}

/** A method of the protocol. */
export interface Method {
  /** Absent when every principal may call it. */
  readonly permission?: MethodPermission;
  /** The parameter that names what the method is called on, for audit. */
  readonly targetParam?: string;
  /** Returns the result as JSON text. */
  readonly handle: (params: Params, call: MethodCall) => string | Promise<string>;
}

/** Methods by name. */
export type Methods = Readonly<Record<string, Method>>;

/** A permission that covers a whole area. */
export function needs(area: string, action: string): MethodPermission {
  return { area, actions: [action], isPerThing: false };
}

/** A permission on anything of an area, with any of the actions. */
export function needsSome(area: string, ...actions: readonly string[]): MethodPermission {
  return { area, actions, isPerThing: true };
}
