import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { callGrpc } from './call-grpc.ts';
import { type GrpcPlan, toGrpcFrame } from './grpc-plan.ts';
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

/** Keeps a number of unary calls in flight on each of several HTTP/2 connections, with h2load. */
export async function createH2loadLoad(plan: GrpcPlan, options: GrpcLoadOptions): Promise<Load> {
  const { name, inFlight, channels, folder } = options;
  const [bodyFile, logFile] = [join(folder, `${name}.bin`), join(folder, `${name}.log`)];
  await writeFile(bodyFile, toGrpcFrame(plan.message));
  const answerBytes = await callGrpc(plan);
  const headers = { 'content-type': 'application/grpc', te: 'trailers', ...plan.metadata };
  return {
    generator: 'h2load',
    async run(seconds) {
      await rm(logFile, { force: true });
      const printed = await runProgram('h2load', [
        '-t1',
        `-c${channels}`,
        `-m${Math.ceil(inFlight / channels)}`,
        `-D${seconds}`,
        '--warm-up-time=0',
        `-d${bodyFile}`,
        `--log-file=${logFile}`,
        ...Object.entries(headers).flatMap(([header, value]) => ['-H', `${header}: ${value}`]),
        `http://${plan.target}${plan.path}`,
      ]);
      const log = await readFile(logFile, 'utf8');
      return parseH2loadOutput({ printed, log }, { inFlight, answerBytes, seconds });
    },
  };
}
