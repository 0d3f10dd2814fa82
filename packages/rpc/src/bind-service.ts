import type { CallContext } from './call-context.ts';
import { type Definition, type Handlers, pathOf } from './method.ts';
import type { Access, ServedMethod } from './server-call.ts';

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

/** A handler whose types have ended: what it answers is a promise or a stream, as its method says. */
export type AnyHandler = (request: unknown, context: CallContext) => Promise<unknown> & AsyncIterable<unknown>;

/** A method of a bound service, ready to be served. */
export interface BoundMethod {
  readonly served: ServedMethod;
  readonly handler: AnyHandler;
}

/** Returns the methods of a bound service, by the key of their handler. */
export function boundMethods({
  definition,
  handlers,
  access,
}: BoundService): readonly (readonly [string, BoundMethod])[] {
  return Object.entries(definition.methods).map(([key, method]) => {
    const handler = handlers[key];
    if (handler === undefined) throw new Error(`${pathOf(definition, method)} has no handler`);
    const rpc = `${definition.fullName}/${method.name}`;
    const served = { definition, method, access: access[key] ?? 'principal', rpc };
    // `handler` takes this method's messages: bindService checked it; whoever serves hands it what it decodes.
    return [key, { served, handler: handler as AnyHandler }];
  });
}
