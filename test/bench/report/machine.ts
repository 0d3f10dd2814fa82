import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

import { versionOf } from '../load/run-program.ts';

const BYTES_PER_GIB = 2 ** 30;

/** What it ran on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
}

/** Describes this machine. */
export function describeMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memoryGib: Math.round(totalmem() / BYTES_PER_GIB),
    kernel: release(),
  };
}

/** Names the programs and libraries that took part, with their versions. */
export function describeVersions(): Record<string, string> {
  const installed = ['@grpc/grpc-js', '@modelcontextprotocol/sdk', '@modelcontextprotocol/server'];
  return {
    node: process.version,
    wrk: versionOf('wrk')?.split(' Copyright')[0] ?? 'not installed',
    h2load: versionOf('h2load') ?? 'not installed',
    ...Object.fromEntries(installed.map((name) => [name, installedVersion(name)])),
  };
}

function installedVersion(name: string): string {
  const manifest = new URL(`../../../node_modules/${name}/package.json`, import.meta.url);
  // npm writes it.
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return version;
}
