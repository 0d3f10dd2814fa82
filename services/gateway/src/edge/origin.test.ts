import type { IncomingMessage } from 'node:http';

import { expect, test } from 'vitest';

import { createOriginPolicy } from './origin.ts';

/** Checks headers and returns the reason they are refused for. */
function reasonFor(headers: Record<string, string>, listeningHost: string, origins: readonly string[] = []) {
  try {
    // What the policy looks at.
    createOriginPolicy(listeningHost, origins).check({ headers, rawHeaders: [] } as unknown as IncomingMessage);
    return undefined;
  } catch (error) {
    return error instanceof Error && 'reason' in error ? error.reason : error;
  }
}

test.each(['127.0.0.1', '127.0.0.53', '::1', 'localhost'])(
  'a gateway on %s goes by the names of localhost',
  (listening) => {
    for (const host of ['localhost:8000', '127.0.0.1', '127.0.0.53:8000', '[::1]:8000']) {
      expect(reasonFor({ host }, listening)).toBeUndefined();
    }
    expect(reasonFor({ host: 'evil.example:8000' }, listening)).toBe('HOST_FORBIDDEN');
    expect(reasonFor({ host: '127.0.0.1.evil.example' }, listening)).toBe('HOST_FORBIDDEN');
    expect(reasonFor({ host: 'app.example' }, listening, ['https://app.example'])).toBeUndefined();
  },
);

test.each(['0.0.0.0', '::', '10.1.2.3'])('a gateway on %s does not know its names', (listening) => {
  expect(reasonFor({ host: 'gantry.example' }, listening)).toBeUndefined();
});

test('a page of the host it calls may call when it is allowed', () => {
  const headers = { host: 'gantry.example', origin: 'https://gantry.example' };
  expect(reasonFor(headers, '0.0.0.0')).toBe('ORIGIN_FORBIDDEN');
  expect(reasonFor(headers, '0.0.0.0', ['https://gantry.example'])).toBeUndefined();
});
