import { expect, test } from 'vitest';

import { credentialShown } from './shown-credential.ts';

const key = 'Bearer gantry_0123456789abcdef_0123456789abcdef0123456789abcdef0123456789a';

test('what a connection shows again is looked at once', () => {
  const connection = {};
  const first = credentialShown(connection, key);
  expect(credentialShown(connection, key)).toBe(first);
});

test('what a connection shows instead is another credential, and the last one is kept', () => {
  const connection = {};
  const first = credentialShown(connection, key);
  const other = credentialShown(connection, 'Bearer other');
  expect(other).not.toBe(first);
  expect(credentialShown(connection, undefined)).not.toBe(other);
  expect(credentialShown(connection, 'Bearer other')).toBe(other);
});

test('connections do not share what they show', () => {
  const first = credentialShown({}, key);
  expect(credentialShown({}, key)).not.toBe(first);
  expect(credentialShown(undefined, key)).not.toBe(credentialShown(undefined, key));
});
