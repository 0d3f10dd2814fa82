import { describe, expect, test } from 'vitest';

import type { StoredPolicyEvent } from './policy-event.ts';
import { PolicyWatcher, WATCHER_EVENTS_MAX } from './policy-watcher.ts';

function eventOf(id: number): StoredPolicyEvent {
  return { id: BigInt(id), tenantId: 'acme', event: { kind: 'tenant_policy_changed' } };
}

describe('a policy stream', () => {
  test('yields what was delivered before and after it is read', async () => {
    const watcher = new PolicyWatcher();
    watcher.deliver(eventOf(1));
    const events = watcher.events();
    expect((await events.next()).value).toEqual(eventOf(1));
    const next = events.next();
    watcher.deliver(eventOf(2));
    watcher.deliver(eventOf(3));
    expect((await next).value).toEqual(eventOf(2));
    expect((await events.next()).value).toEqual(eventOf(3));
  });

  test('ends when its reader leaves', async () => {
    const watcher = new PolicyWatcher();
    const next = watcher.events().next();
    watcher.end();
    expect(await next).toEqual({ done: true, value: undefined });
    watcher.deliver(eventOf(1));
    expect(await watcher.events().next()).toEqual({ done: true, value: undefined });
  });

  test('gives out what was delivered before it fails, and fails with the first error', async () => {
    const watcher = new PolicyWatcher();
    watcher.deliver(eventOf(1));
    watcher.end(new Error('first'));
    watcher.end(new Error('second'));
    const events = watcher.events();
    expect((await events.next()).value).toEqual(eventOf(1));
    await expect(events.next()).rejects.toThrow('first');
  });

  test('holds so many events for a slow reader, then lets them go and fails', async () => {
    const watcher = new PolicyWatcher();
    for (let i = 0; i < WATCHER_EVENTS_MAX; i += 1) watcher.deliver(eventOf(i));
    expect(watcher.isEnded).toBe(false);
    watcher.deliver(eventOf(WATCHER_EVENTS_MAX));
    expect(watcher.isEnded).toBe(true);
    await expect(watcher.events().next()).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'WATCH_TOO_SLOW',
    });
  });
});
