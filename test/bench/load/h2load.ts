import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { callGrpc } from './call-grpc.ts';
import { grpcHeaders, type GrpcPlan, toGrpcFrame } from './grpc-plan.ts';
import { parseH2loadOutput } from './h2load-output.ts';
import type { Load } from './load.ts';
import { runProgram } from './run-program.ts';

/** Says how much is in flight, and where files are written. */
export interface GrpcLoadOptions {
  readonly name: string;
  /** Calls in flight, over all channels. */
  readonly inFlight: number;
  readonly channels: number;
  readonly folder: string;
}

/** What h2load sends: the same request again and again. */
export interface H2loadRequest extends Pick<GrpcPlan, 'target' | 'path' | 'metadata'> {
  readonly bodyFile: string;
  /** Connections. */
  readonly clients: number;
  /** Streams at a time on each of them. */
  readonly streams: number;
}

/** Keeps a number of unary calls in flight on each of several HTTP/2 connections, with h2load. */
export async function createH2loadLoad(plan: GrpcPlan, options: GrpcLoadOptions): Promise<Load> {
  const { name, inFlight, channels, folder } = options;
  const [bodyFile, logFile] = [join(folder, `${name}.bin`), join(folder, `${name}.log`)];
  await writeFile(bodyFile, toGrpcFrame(plan.message));
  const answerBytes = await callGrpc(plan);
  const args = toH2loadArgs({ ...plan, bodyFile, clients: channels, streams: Math.ceil(inFlight / channels) });
  return {
    generator: 'h2load',
    async run(seconds) {
      await rm(logFile, { force: true });
      const printed = await runProgram('h2load', [`-D${seconds}`, `--log-file=${logFile}`, ...args]);
      const log = await readFile(logFile, 'utf8');
      return parseH2loadOutput({ printed, log }, { inFlight, answerBytes, seconds });
    },
  };
}

/** Writes the arguments of h2load, but for how long it runs. */
export function toH2loadArgs({ target, path, metadata, bodyFile, clients, streams }: H2loadRequest): string[] {
  return [
    // One thread: a second one would take the processor from what is measured.
    '-t1',
    `-c${clients}`,
    `-m${streams}`,
    '--warm-up-time=0',
    `-d${bodyFile}`,
    ...Object.entries(grpcHeaders({ metadata })).flatMap(([header, value]) => ['-H', `${header}: ${value}`]),
    `http://${target}${path}`,
  ];
}
