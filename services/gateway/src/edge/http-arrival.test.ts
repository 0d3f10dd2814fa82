import { expect, test } from 'vitest';

import { dialectOfConnection } from './http-arrival.ts';

test.each([
  [undefined, undefined, 'native'],
  [undefined, 'a session', 'legacy'],
  ['2025-11-25', undefined, 'legacy'],
])('a connection of the version %j and the session id %j is %s', (version, sessionId, dialect) => {
  expect(dialectOfConnection(version, sessionId)).toBe(dialect);
});

// A session that ends with it has no data beside the message.
const versions = '2025-11-25 or 2025-06-18 or 2025-03-26 or 2024-11-05';

test.each([
  ['2026-07-28', `the protocol version "2026-07-28" is spoken over HTTP only; use that, or ${versions}`],
  ['2099-01-01', `the protocol version "2099-01-01" is not supported here; use ${versions}`],
  ['1999-01-01', `the MCP-Protocol-Version header "1999-01-01" is not supported; use ${versions}`],
])('the refusal of %s says what to use, in its message', (version, message) => {
  expect(() => dialectOfConnection(version, undefined)).toThrow(message);
});
