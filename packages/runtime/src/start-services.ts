import type { ProcessHost, RunningService, ServicePlatform } from './service-platform.ts';

/** Says how one of several services of a process is built. */
export interface ServiceStart {
  /** Names the service; unique in the process. */
  readonly name: string;
  /** Builds it, knowing where the services before it can be reached: `endpoints.auth?.grpc`. */
  readonly create: (platform: ServicePlatform, endpoints: EndpointsByService) => Promise<RunningService>;
}

type EndpointsByService = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * Starts several services one after the other and returns them as one.
 *
 * Its endpoints are named `service.protocol`. Draining and disposing go in reverse order, so that a service stops before
 * those it calls. When one fails to start, those before it are disposed and the error rises.
 */
export async function startServices(
  services: readonly ServiceStart[],
  host: Pick<ProcessHost, 'platform'>,
): Promise<RunningService> {
  await using stack = new AsyncDisposableStack();
  const running: RunningService[] = [];
  const endpointsByService: Record<string, Readonly<Record<string, string>>> = {};
  for (const { name, create } of services) {
    const service = stack.use(await create(await host.platform(name), endpointsByService));
    running.unshift(service);
    endpointsByService[name] = service.endpoints;
  }
  const started = stack.move();
  return {
    endpoints: flatten(endpointsByService),
    drain: () => drainAll(running),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** Drains every service even when one of them fails. */
async function drainAll(services: readonly RunningService[]): Promise<void> {
  const failures: unknown[] = [];
  for (const service of services) await service.drain().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} services failed to drain`);
}

function flatten(endpointsByService: EndpointsByService): Record<string, string> {
  const entries = Object.entries(endpointsByService).flatMap(([name, endpoints]) =>
    Object.entries(endpoints).map(([protocol, address]) => [`${name}.${protocol}`, address] as const),
  );
  return Object.fromEntries(entries);
}
