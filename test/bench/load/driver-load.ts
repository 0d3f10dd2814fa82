import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import type { DriveJob, Driven } from './drive-job.ts';
import type { Load } from './load.ts';
import { runProgram } from './run-program.ts';

const driver = fileURLToPath(new URL('driver.ts', import.meta.url));
const result = z.object({
  requests: z.number(),
  seconds: z.number(),
  errors: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
});

/** Drives gRPC with grpc-js, in a process of its own. */
export function createDriverLoad(job: Omit<DriveJob, 'seconds'> & Driven): Load {
  return {
    generator: 'grpc-js',
    async run(seconds) {
      return result.parse(
        JSON.parse(await runProgram(process.execPath, [driver, JSON.stringify({ ...job, seconds })])),
      );
    },
  };
}
