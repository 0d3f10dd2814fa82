import { isReason } from '@gantry/errors';
import { type Breaker, createBreaker } from '@gantry/resilience';
import { type Clock, createMetricsRegistry } from '@gantry/telemetry';

/** Hosts whose failures are remembered; beyond them the one not asked for longest is forgotten. */
export const BREAKERS_MAX = 256;

/** A breaker per host, so that one that is down neither slows the others nor is asked again and again. */
export interface HostBreakers extends Disposable {
  of(host: string): Breaker;
  readonly size: number;
}

/** Creates an empty set of breakers. */
export function createHostBreakers({ clock }: { readonly clock: Clock }): HostBreakers {
  const breakerByHost = new Map<string, Breaker>();
  // Not the service's own: hosts come from requests, and a metric label must not.
  const metrics = createMetricsRegistry({ service: 'resource' });

  return {
    of(host) {
      const breaker =
        breakerByHost.get(host) ?? createBreaker({ name: host, metrics, clock, isFailure: speaksAgainstHost });
      // Entered anew, because a Map keeps the order of entry: the first is the one not asked for longest.
      breakerByHost.delete(host);
      breakerByHost.set(host, breaker);
      const [oldest] = breakerByHost;
      if (breakerByHost.size > BREAKERS_MAX && oldest !== undefined) {
        breakerByHost.delete(oldest[0]);
        oldest[1].close();
      }
      return breaker;
    },
    get size() {
      return breakerByHost.size;
    },
    [Symbol.dispose]() {
      for (const breaker of breakerByHost.values()) breaker.close();
      breakerByHost.clear();
    },
  };
}

/** A deadline of the caller's says nothing about the host: short ones would otherwise shut it for everybody. */
function speaksAgainstHost(error: unknown): boolean {
  return isReason(error, 'UPSTREAM_UNAVAILABLE') || isReason(error, 'UPSTREAM_TIMED_OUT');
}
