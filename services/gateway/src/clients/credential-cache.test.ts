import { AppError } from '@gantry/errors';
import { fakeClock, testPrincipal } from '@gantry/testkit';
import { describe, expect, test } from 'vitest';

import type { AuthClient } from './backends.ts';
import { createCredentialCache, CREDENTIALS_MAX, REFUSALS_MAX } from './credential-cache.ts';
import type { ApiKey } from './presented-credential.ts';

const toApiKey = (key: string): ApiKey => ({ secret: key, hash: `hash of ${key}` });

type Answer = Awaited<ReturnType<AuthClient['authenticate']>>;

function world({
  lifetimeMs = 60_000,
  credentialLifetimeMs,
}: { lifetimeMs?: number; credentialLifetimeMs?: number } = {}) {
  const clock = fakeClock();
  const asked: string[] = [];
  let failure: AppError | undefined;
  let gate: Promise<void> = Promise.resolve();
  const answer = (credentialId: string): Answer => ({
    principal: testPrincipal({ credentialId, tenantId: `tenant-of-${credentialId}` }),
    assertion: `assertion-${asked.length}`,
    assertionExpiresAt: new Date(clock.now() + lifetimeMs),
    credentialExpiresAt: credentialLifetimeMs === undefined ? undefined : new Date(clock.now() + credentialLifetimeMs),
  });
  const cache = createCredentialCache(
    {
      authenticate: async ({ credential }) => {
        asked.push(credential?.value ?? '');
        const said = failure ?? answer(credential?.value ?? '');
        await gate;
        if (said instanceof AppError) throw said;
        return said;
      },
    },
    clock,
  );
  cache.setLive(true);
  /** Keys as one connection shows them. */
  const shown = new Map<string, ApiKey>();
  const remember = (key: string) => {
    const apiKey = toApiKey(key);
    shown.set(key, apiKey);
    return apiKey;
  };
  return {
    clock,
    cache,
    asked,
    fail: (error: AppError | undefined) => {
      failure = error;
    },
    hold: (promise: Promise<void>) => {
      gate = promise;
    },
    // Also what is refused at once is a rejection here.
    identify: async (key: string) => cache.identify(shown.get(key) ?? remember(key), {}),
    /** The same key, on a connection that has not shown it before. */
    identifyAnew: async (key: string) => cache.identify(toApiKey(key), {}),
  };
}

const revoked = new AppError({ code: 'UNAUTHENTICATED', reason: 'CREDENTIAL_REVOKED', message: 'the key is revoked' });
const away = new AppError({ code: 'UNAVAILABLE', reason: 'SERVICE_UNAVAILABLE', message: 'auth is away' });

describe('the credential cache', () => {
  test('asks once for half a minute', async () => {
    const { identify, asked, clock } = world();
    await identify('a');
    clock.advance(29_999);
    expect((await identify('a')).assertion).toBe('assertion-1');
    clock.advance(1);
    await identify('a');
    expect(asked).toHaveLength(2);
  });

  test('knows a key on whatever connection it is shown', async () => {
    const { identify, identifyAnew, asked, cache } = world();
    await identify('a');
    await identifyAnew('a');
    await identify('a');
    expect(asked).toHaveLength(1);
    cache.evictCredential('a');
    await identifyAnew('a');
    expect((await identify('a')).assertion).toBe('assertion-2');
    expect(asked).toHaveLength(2);
  });

  test('does not use an assertion in its last ten seconds', async () => {
    const { identify, asked, clock } = world({ lifetimeMs: 15_000 });
    await identify('a');
    clock.advance(5_000);
    await identify('a');
    expect(asked).toHaveLength(2);
  });

  test('does not outlive the credential', async () => {
    const { identify, asked, clock } = world({ credentialLifetimeMs: 2_000 });
    await identify('a');
    clock.advance(2_000);
    await identify('a');
    expect(asked).toHaveLength(2);
  });

  test('asks every second while it is blind', async () => {
    const { cache, identify, asked, clock } = world();
    cache.setLive(false);
    await identify('a');
    clock.advance(999);
    await identify('a');
    expect(asked).toHaveLength(1);
    clock.advance(1);
    await identify('a');
    expect(asked).toHaveLength(2);
  });

  test('drops everything when the stream starts', async () => {
    const { cache, identify } = world();
    await identify('a');
    cache.setLive(false);
    expect(cache.size).toBe(1);
    cache.setLive(true);
    expect(cache.size).toBe(0);
  });

  test('while auth cannot be asked, uses what it said last until the assertion ends', async () => {
    const { cache, identify, clock, fail } = world();
    await identify('a');
    cache.setLive(false);
    fail(away);
    clock.advance(49_999);
    expect((await identify('a')).assertion).toBe('assertion-1');
    await expect(identify('b')).rejects.toBe(away);
    clock.advance(1);
    await expect(identify('a')).rejects.toBe(away);
  });

  test('does not use what auth said last when auth says otherwise, or it was revoked meanwhile', async () => {
    const { cache, identify, clock, fail } = world();
    await Promise.all(['a', 'b'].map(identify));
    cache.setLive(false);
    clock.advance(1_000);
    fail(revoked);
    await expect(identify('a')).rejects.toBe(revoked);
    fail(away);
    cache.evictCredential('b');
    await expect(identify('b')).rejects.toBe(away);
  });

  test('forgets the credential, or the tenant, that it is told of', async () => {
    const { cache, identify, asked } = world();
    await Promise.all(['a', 'b', 'c'].map(identify));
    cache.evictCredential('a');
    cache.evictTenant('tenant-of-b');
    await Promise.all(['a', 'b', 'c'].map(identify));
    expect(asked).toEqual(['a', 'b', 'c', 'a', 'b']);
  });

  test('shares one call among those who ask at once', async () => {
    const { identify, asked } = world();
    await Promise.all([identify('a'), identify('a'), identify('a')]);
    expect(asked).toHaveLength(1);
  });

  test('does not keep an answer from before a revocation', async () => {
    const { cache, identify, asked, hold } = world();
    const gate = Promise.withResolvers<void>();
    hold(gate.promise);
    const early = identify('a');
    cache.evictCredential('a');
    const late = identify('a');
    gate.resolve();
    await Promise.all([early, late]);
    expect(asked).toHaveLength(2);
    expect(cache.size).toBe(1);
  });

  test('remembers a refusal for a second', async () => {
    const { identify, asked, clock, fail } = world();
    fail(revoked);
    await expect(identify('a')).rejects.toBe(revoked);
    await expect(identify('a')).rejects.toBe(revoked);
    expect(asked).toHaveLength(1);
    clock.advance(1_000);
    fail(undefined);
    await identify('a');
    expect(asked).toHaveLength(2);
  });

  test('does not remember that auth was away', async () => {
    const { identify, asked, fail } = world();
    fail(away);
    await expect(identify('a')).rejects.toBe(away);
    fail(undefined);
    await identify('a');
    expect(asked).toHaveLength(2);
  });

  test('holds ten thousand and no more', async () => {
    const { cache, identify } = world();
    for (let count = 0; count <= CREDENTIALS_MAX; count += 1) await identify(`k${count}`);
    expect(cache.size).toBe(CREDENTIALS_MAX);
  });

  test('remembers a thousand refusals and no more', async () => {
    const { identify, asked, fail } = world();
    fail(revoked);
    for (let count = 0; count <= REFUSALS_MAX; count += 1) await identify(`k${count}`).catch(() => undefined);
    await identify(`k${REFUSALS_MAX}`).catch(() => undefined);
    expect(asked).toHaveLength(REFUSALS_MAX + 1);
    await identify('k0').catch(() => undefined);
    expect(asked).toHaveLength(REFUSALS_MAX + 2);
  });
});
