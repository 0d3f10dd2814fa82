import { randomUUID } from 'node:crypto';
import { setTimeout as sleepFor } from 'node:timers/promises';

import { deadlineExceeded, isAppError } from '@gantry/errors';
import type { WatchResourceResponse } from '@gantry/protocol/gantry/resource/v1/resource_service';
import { backoffMs } from '@gantry/resilience';
import type { CallOptions } from '@gantry/rpc';

import type { ResourceClient } from '../clients/backends.ts';
import type { Identity } from '../clients/credential-cache.ts';
import { backendBrokeContract, subscriptionLimitReached } from '../errors.ts';
import type { MethodCall } from '../methods/method.ts';

/** An agent follows a handful of resources; each is a stream of the resource service. */
export const SUBSCRIPTIONS_MAX = 100;

/** A stream that broke is opened again soon, and every five seconds while the service is away. */
const BACKOFF = { baseMs: 100, maxMs: 5_000, random: Math.random };

/** What the subscriptions of a connection need. */
export interface ResourceSubscriptionsOptions {
  readonly resources: Pick<ResourceClient, 'watchResource'>;
  /** Says who the connection belongs to at this moment; rejects when it may not go on. */
  readonly identify: () => Promise<Identity>;
  /** Tells the client that a resource has changed. */
  readonly push: (subscriptionId: string, uri: string) => void;
}

interface Subscription {
  readonly id: string;
  readonly uri: string;
  readonly controller: AbortController;
  version: string;
  /** What the principal might do when the watch was opened: the watch sees that much and no more. */
  permissions: string;
}

type Watch = AsyncIterator<WatchResourceResponse>;

/** The resources that one connection follows. */
export class ResourceSubscriptions {
  readonly #options: ResourceSubscriptionsOptions;
  readonly #byId = new Map<string, Subscription>();
  #isClosed = false;

  constructor(options: ResourceSubscriptionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byId.size;
  }

  /**
   * Opens a watch and resolves with the subscription's id once it is there. A URI that is followed already gives the same id.
   *
   * @throws {AppError} SUBSCRIPTION_LIMIT_REACHED, or what the watch fails with.
   */
  async subscribe(uri: string, { options, principal }: MethodCall): Promise<string> {
    const known = this.#find(uri);
    if (known !== undefined) return known.id;
    if (this.#byId.size >= SUBSCRIPTIONS_MAX) throw subscriptionLimitReached(SUBSCRIPTIONS_MAX);
    const subscription: Subscription = {
      id: randomUUID(),
      uri,
      controller: new AbortController(),
      version: '',
      permissions: principal.permissions.join('\n'),
    };
    this.#byId.set(subscription.id, subscription);
    if (this.#isClosed) subscription.controller.abort();
    try {
      const watch = this.#open(subscription, options);
      subscription.version = await firstVersion(watch, subscription.controller, options.deadlineMs);
      void this.#follow(subscription, watch);
      return subscription.id;
    } catch (error) {
      this.#end(subscription);
      throw error;
    }
  }

  unsubscribe(idOrUri: string): void {
    const subscription = this.#byId.get(idOrUri) ?? this.#find(idOrUri);
    if (subscription !== undefined) this.#end(subscription);
  }

  close(): void {
    this.#isClosed = true;
    for (const subscription of this.#byId.values()) this.#end(subscription);
  }

  #find(uri: string): Subscription | undefined {
    return this.#byId.values().find((subscription) => subscription.uri === uri);
  }

  #end(subscription: Subscription): void {
    this.#byId.delete(subscription.id);
    subscription.controller.abort();
  }

  #open({ uri, controller }: Subscription, { assertion, trace, requestId }: CallOptions): Watch {
    const options = { assertion, trace, requestId, signal: controller.signal };
    return this.#options.resources.watchResource({ uri }, options)[Symbol.asyncIterator]();
  }

  /** Pushes changes until the subscription ends; opens the watch anew whenever it breaks. */
  async #follow(subscription: Subscription, opened: Watch): Promise<void> {
    const { signal } = subscription.controller;
    let watch = opened;
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        if (await this.#pushChanges(subscription, watch)) attempt = 1;
      } catch (error) {
        if (this.#isOver(subscription, error)) return;
      }
      void watch.return?.();
      await sleepFor(backoffMs(attempt, BACKOFF), undefined, { signal }).catch(() => undefined);
      watch = await this.#reopen(subscription, watch);
    }
  }

  /** Returns when the watch ends, or has to be opened anew, whether it has told anything. */
  async #pushChanges(subscription: Subscription, watch: Watch): Promise<boolean> {
    let hasTold = false;
    for (let step = await watch.next(); step.done !== true; step = await watch.next()) {
      hasTold = true;
      if (step.value.version === subscription.version) continue;
      if (!(await this.#isStillAllowed(subscription))) break;
      subscription.version = step.value.version;
      this.#options.push(subscription.id, subscription.uri);
    }
    return hasTold;
  }

  /** Tells whether the principal may do what it might when the watch was opened; if not, the service must look anew. */
  async #isStillAllowed(subscription: Subscription): Promise<boolean> {
    const { principal } = await this.#options.identify();
    return principal.permissions.join('\n') === subscription.permissions;
  }

  async #reopen(subscription: Subscription, broken: Watch): Promise<Watch> {
    if (subscription.controller.signal.aborted) return broken;
    try {
      const { principal, assertion } = await this.#options.identify();
      subscription.permissions = principal.permissions.join('\n');
      return this.#open(subscription, { assertion });
    } catch {
      // A connection that may not go on has been closed by now; if auth cannot be asked, the next turn asks again.
      return broken;
    }
  }

  /** Tells whether an error ends the subscription, and ends it. */
  #isOver(subscription: Subscription, error: unknown): boolean {
    if (subscription.controller.signal.aborted) return true;
    if (!isAppError(error) || (error.code !== 'NOT_FOUND' && error.code !== 'PERMISSION_DENIED')) return false;
    this.#end(subscription);
    // Reading it again tells the client that it is gone.
    this.#options.push(subscription.id, subscription.uri);
    return true;
  }
}

async function firstVersion(watch: Watch, controller: AbortController, deadlineMs = Infinity): Promise<string> {
  const waitMs = deadlineMs - Date.now();
  const timer = Number.isFinite(waitMs)
    ? setTimeout(() => controller.abort(deadlineExceeded()), Math.max(0, waitMs))
    : undefined;
  try {
    const step = await watch.next();
    if (step.done === true) throw backendBrokeContract('resource', 'WatchResource ended before it told the version');
    return step.value.version;
  } finally {
    clearTimeout(timer);
  }
}
