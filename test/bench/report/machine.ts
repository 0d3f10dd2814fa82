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
    wrk: numberIn(versionOf('wrk')),
    h2load: numberIn(versionOf('h2load')),
    ...Object.fromEntries(installed.map((name) => [name, installedVersion(name)])),
  };
}

/** Finds the number in what a program says about its version. */
function numberIn(line: string | undefined): string {
  return line === undefined ? 'not installed' : (/\d+\.\d[\w.-]*/.exec(line)?.[0] ?? line);
}

function installedVersion(name: string): string {
  const manifest = new URL(`../../../node_modules/${name}/package.json`, import.meta.url);
  // npm writes it.
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return version;
}
