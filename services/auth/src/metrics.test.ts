import { createMetricsRegistry } from '@gantry/telemetry';
import { expect, test } from 'vitest';

import { credentialRevoked } from './errors.ts';
import { createAuthMetrics } from './metrics.ts';

test('authentications are counted by how they end', async () => {
  const registry = createMetricsRegistry({ service: 'auth' });
  const metrics = createAuthMetrics(registry);
  await metrics.observeAuthentication(async () => 'principal');
  await expect(metrics.observeAuthentication(() => Promise.reject(credentialRevoked()))).rejects.toThrow();
  await expect(metrics.observeAuthentication(() => Promise.reject(new Error('a bug')))).rejects.toThrow();
  const text = await registry.metrics();
  for (const outcome of ['success', 'CREDENTIAL_REVOKED', 'INTERNAL']) {
    expect(text).toMatch(new RegExp(`gantry_auth_authentications_total\\{.*outcome="${outcome}".*\\} 1`));
  }
});
