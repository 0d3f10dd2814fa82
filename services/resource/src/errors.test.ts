import { expect, test } from 'vitest';

import { redirectSchemeForbidden, resourceNotFound, resourceSchemeUnknown } from './errors.ts';

test('a scheme of 64 characters is quoted whole, a longer one is cut', () => {
  expect(resourceSchemeUnknown('x'.repeat(64), ['file']).metadata).toEqual({ scheme: 'x'.repeat(64) });
  const error = resourceSchemeUnknown('é'.repeat(30_000), ['file']);
  expect(error.metadata).toEqual({ scheme: `${'é'.repeat(63)}…` });
  expect(error.message).toBe(`no connector serves the scheme "${'é'.repeat(63)}…"; use one of file`);
  expect(error.fieldViolations).toEqual([{ field: 'uri', description: error.message }]);
});

test('the scheme that a source redirects to is cut as well', () => {
  expect(redirectSchemeForbidden('x'.repeat(10_000)).message).toBe(
    `the source redirects to the scheme "${'x'.repeat(63)}…"; only public addresses can be read`,
  );
});

test('a uri of 200 characters is quoted whole, a longer one is cut', () => {
  expect(resourceNotFound('x'.repeat(200)).metadata).toEqual({ uri: 'x'.repeat(200) });
  expect(resourceNotFound('x'.repeat(201)).metadata).toEqual({ uri: `${'x'.repeat(199)}…` });
});

test('what is quoted is well-formed, also when it is cut within a character', () => {
  expect(resourceSchemeUnknown('😀'.repeat(40), []).metadata['scheme']).toBe(`${'😀'.repeat(31)}…`);
  expect(resourceSchemeUnknown('\uD83D', []).metadata['scheme']).toBe('\uFFFD');
});
