import type { Definition, Handlers } from './method.ts';
import type { Access } from './server-call.ts';

/** A service definition together with what implements it. */
export interface BoundService {
  readonly definition: Definition;
  readonly handlers: Readonly<Record<string, (request: never, context: never) => unknown>>;
  readonly access: Readonly<Record<string, Access>>;
}

/** Options of bindService. */
export interface BindServiceOptions<D extends Definition> {
  /** Who may call which method. Default: `principal`. */
  readonly access?: { readonly [K in keyof D['methods']]?: Access };
}

/**
 * Binds a service definition to its handlers. The same bound service is served over plain gRPC and whatever other
 * way a server offers.
 *
 * @example
 * bindService(ToolServiceDefinition, createToolHandlers({ catalog, logger }));
 */
export function bindService<D extends Definition>(
  definition: D,
  handlers: Handlers<D>,
  { access = {} }: BindServiceOptions<D> = {},
): BoundService {
  // The types of the messages end here; Handlers<D> has checked them against the definition.
  return { definition, handlers: handlers as BoundService['handlers'], access: access as BoundService['access'] };
}
