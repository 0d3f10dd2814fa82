import type { PolicyServiceDefinition } from '@gantry/protocol/gantry/auth/v1/policy_service';
import type { Handlers } from '@gantry/rpc';

import type { PolicyFeed } from '../domain/policy-feed.ts';
import { policyEventToProto, policyReady } from './to-proto.ts';

/** Returns the handler of WatchPolicy. The stream ends when its client leaves, and fails when the feed does. */
export function createWatchPolicy(feed: PolicyFeed): Handlers<PolicyServiceDefinition>['watchPolicy'] {
  return async function* (_request, { signal }) {
    signal.throwIfAborted();
    const watcher = feed.watch();
    const leave = () => feed.unwatch(watcher);
    signal.addEventListener('abort', leave, { once: true });
    try {
      yield policyReady;
      for await (const event of watcher.events()) yield policyEventToProto(event);
      signal.throwIfAborted();
    } finally {
      signal.removeEventListener('abort', leave);
      leave();
    }
  };
}
