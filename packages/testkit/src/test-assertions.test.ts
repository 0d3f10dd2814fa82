import { expect, test } from 'vitest';

import { fakeClock } from './fake-clock.ts';
import { testAssertions, testPrincipal } from './test-assertions.ts';

test('an assertion is verified as the principal it was made for', async () => {
  const assertions = await testAssertions();
  const assertion = await assertions.assertionFor({ tenantId: 'acme', permissions: ['tools:read'] });
  const principal = testPrincipal({ tenantId: 'acme', permissions: ['tools:read'] });
  expect(await assertions.verifyCaller(assertion)).toEqual({ kind: 'principal', principal });
});

test('a service token is verified as the service', async () => {
  const assertions = await testAssertions();
  expect(await assertions.verifyCaller(await assertions.serviceTokenFor('tool'))).toEqual({
    kind: 'service',
    service: 'tool',
  });
});

test('assertions of another cluster and expired ones are refused', async () => {
  const clock = fakeClock();
  const assertions = await testAssertions(clock);
  const stranger = await testAssertions(clock);
  await expect(assertions.verifyCaller(await stranger.assertionFor())).rejects.toMatchObject({
    reason: 'ASSERTION_INVALID',
  });
  const assertion = await assertions.assertionFor();
  clock.advance(60 * 60_000);
  await expect(assertions.verifyCaller(assertion)).rejects.toMatchObject({ reason: 'ASSERTION_EXPIRED' });
});
