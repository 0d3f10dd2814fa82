import { expect, test } from 'vitest';

import { hintFor } from './hint.ts';

test.each([
  ['PERMISSION_DENIED', 'permission'],
  ['PERMISSION_ESCALATION', 'administrator'],
  ['RESOURCE_ADDRESS_FORBIDDEN', 'public hosts only'],
])('the reason %s decides what to do, whatever else is refused with the same status', (reason, hint) => {
  expect(hintFor({ status: 403, data: { reason } })).toContain(hint);
});

test('a file that is not found may lie outside the folders that are served', () => {
  const data = { reason: 'RESOURCE_NOT_FOUND', uri: 'file:///etc/passwd' };
  expect(hintFor({ status: 200, data })).toContain('RESOURCE_FILE_ROOTS');
  expect(hintFor({ status: 200, data: { ...data, uri: 'https://example.com/' } })).toBeUndefined();
  expect(hintFor({ status: 200, data: { ...data, uri: undefined } })).toBeUndefined();
});

test('a refused key and a limit are told by their status, whichever reason they have', () => {
  expect(hintFor({ status: 401, data: undefined })).toContain('API key');
  expect(hintFor({ status: 429, data: null })).toContain('wait');
});

test.each([[{ reason: 'BECAUSE' }], [{ reason: 'toString' }], [{ reason: 5 }], ['text'], [undefined]])(
  'what is not known to need advice, such as %j, comes without',
  (data) => {
    expect(hintFor({ status: 403, data })).toBeUndefined();
  },
);
