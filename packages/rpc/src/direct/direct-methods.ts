import { boundMethods, type BoundService } from '../bind-service.ts';
import { DeadlineWatch } from '../deadline-watch.ts';
import type { ServeOptions } from '../grpc-adapter.ts';
import { pathOf } from '../method.ts';
import type { DirectMethod } from './unary-stream.ts';

/** Returns the unary methods of some services, by their paths. */
export function toDirectMethods(
  services: readonly BoundService[],
  options: ServeOptions,
  shared: Pick<DirectMethod, 'requestTimeoutMs' | 'arrivals' | 'intake'>,
): ReadonlyMap<string, DirectMethod> {
  const methods = new Map<string, DirectMethod>();
  const unread = new DeadlineWatch();
  for (const service of services) {
    for (const [, bound] of boundMethods(service)) {
      const { requestStream, responseStream } = bound.served.method;
      if (requestStream || responseStream) continue;
      methods.set(pathOf(service.definition, bound.served.method), { ...shared, bound, options, unread });
    }
  }
  return methods;
}
