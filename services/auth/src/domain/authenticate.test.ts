import { generateApiKey, hashApiKey } from '@gantry/identity';
import { fakeClock } from '@gantry/testkit';
import { describe, expect, test, vi } from 'vitest';

import { authenticate } from './authenticate.ts';
import type { Credential } from './ports.ts';

const clock = fakeClock();
const { keyId, secret } = generateApiKey();
const { secret: oldSecret } = generateApiKey(keyId);

function createWorld(overrides: Partial<Credential> = {}) {
  const credential: Credential = {
    tenantId: 'acme',
    userId: 'ann',
    keyId,
    secretHash: hashApiKey(secret),
    previous: undefined,
    requestsPerMinute: 60,
    expiresAtMs: undefined,
    revokedAtMs: undefined,
    roles: ['reader'],
    permissions: ['context:read'],
    ...overrides,
  };
  const find = vi.fn(async (id: string) => (id === keyId ? credential : undefined));
  const sign = vi.fn(async () => ({ assertion: 'signed', expiresAtMs: clock.now() + 60_000 }));
  const deps = { credentials: { find }, signer: { sign }, clock };
  return { find, sign, login: (apiKey: string) => authenticate(deps, apiKey) };
}

describe('a key', () => {
  test('becomes its principal', async () => {
    const { login, sign } = createWorld();
    const { principal, assertion, credentialExpiresAtMs } = await login(secret);
    const expected = {
      tenantId: 'acme',
      userId: 'ann',
      credentialId: keyId,
      roles: ['reader'],
      permissions: ['context:read'],
      requestsPerMinute: 60,
    };
    expect(principal).toEqual(expected);
    expect(sign).toHaveBeenCalledWith(expected);
    expect({ assertion, credentialExpiresAtMs }).toEqual({ assertion: 'signed', credentialExpiresAtMs: undefined });
  });

  test('works until the moment it expires', async () => {
    const expiresAtMs = clock.now() + 1;
    await expect(createWorld({ expiresAtMs }).login(secret)).resolves.toMatchObject({
      credentialExpiresAtMs: expiresAtMs,
    });
    await expect(createWorld({ expiresAtMs: clock.now() }).login(secret)).rejects.toMatchObject({
      reason: 'CREDENTIAL_EXPIRED',
    });
  });

  test('that was revoked and has expired is revoked', async () => {
    const { login } = createWorld({ revokedAtMs: 1, expiresAtMs: 1 });
    await expect(login(secret)).rejects.toMatchObject({ reason: 'CREDENTIAL_REVOKED' });
  });
});

describe('the secret before the last rotation', () => {
  const previous = { secretHash: hashApiKey(oldSecret), untilMs: clock.now() + 1_000 };

  test('works until the overlap ends, or the key', async () => {
    await expect(createWorld({ previous }).login(oldSecret)).resolves.toMatchObject({
      credentialExpiresAtMs: previous.untilMs,
    });
    const ending = createWorld({ previous, expiresAtMs: clock.now() + 10 });
    await expect(ending.login(oldSecret)).resolves.toMatchObject({ credentialExpiresAtMs: clock.now() + 10 });
    const ended = createWorld({ previous: { ...previous, untilMs: clock.now() } });
    await expect(ended.login(oldSecret)).rejects.toMatchObject({ reason: 'CREDENTIAL_EXPIRED' });
  });

  test('does not shorten the life of the new one', async () => {
    const { login } = createWorld({ previous: { ...previous, untilMs: 1 } });
    await expect(login(secret)).resolves.toMatchObject({ credentialExpiresAtMs: undefined });
  });
});

describe('an unknown id and a wrong secret', () => {
  test('take the same way: one look-up, no signature, one answer', async () => {
    const wrong = createWorld();
    const wrongError = await wrong.login(oldSecret).catch((error: unknown) => error);
    const unknown = createWorld();
    const unknownError = await unknown.login(generateApiKey().secret).catch((error: unknown) => error);
    expect(unknownError).toEqual(wrongError);
    expect(wrongError).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'CREDENTIAL_INVALID' });
    for (const { find, sign } of [wrong, unknown]) {
      expect(find).toHaveBeenCalledTimes(1);
      expect(sign).not.toHaveBeenCalled();
    }
  });

  test('stay CREDENTIAL_INVALID for a key that was revoked or has expired', async () => {
    const { login } = createWorld({ revokedAtMs: 1, expiresAtMs: 1 });
    await expect(login(oldSecret)).rejects.toMatchObject({ reason: 'CREDENTIAL_INVALID' });
  });
});

test('what is no key is refused without a look-up', async () => {
  const { login, find } = createWorld();
  for (const text of ['', 'hunter2', secret.slice(1), `${secret} `, secret.toUpperCase()]) {
    await expect(login(text)).rejects.toMatchObject({ reason: 'CREDENTIAL_INVALID' });
  }
  expect(find).not.toHaveBeenCalled();
});

test('an outage of the database is not a refusal', async () => {
  const { login, find } = createWorld();
  find.mockRejectedValue(new Error('connection refused'));
  await expect(login(secret)).rejects.toThrow('connection refused');
});
