import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { locateBinaries } from './platform-binaries.ts';

test('the binaries of this platform are found, with their version', () => {
  const binaries = locateBinaries();
  expect(existsSync(join(binaries.nativeDirectory, 'bin/postgres'))).toBe(true);
  expect(binaries.majorVersion).toBe('18');
  expect(binaries.id).toBe(`${binaries.version}-${process.platform}-${process.arch}`);
});

test('a platform without binaries is refused, and the message says what to do', () => {
  const locate = (): unknown => locateBinaries({ platform: 'sunos', arch: 'sparc' });
  expect(locate).toThrow(expect.objectContaining({ reason: 'PLATFORM_UNSUPPORTED' }));
  expect(locate).toThrow(/set DATABASE_URL/);
});

test('a platform whose optional package was not installed is refused too', () => {
  expect(() => locateBinaries({ platform: 'linux', arch: 'ppc64' })).toThrow(/--omit=optional/);
});
