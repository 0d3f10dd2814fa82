/** A process that keeps gRPC calls or messages in flight with grpc-js; prints a LoadResult as one line of JSON. */
import type { DriveJob, Driven } from './drive-job.ts';
import { driveSessions } from './drive-sessions.ts';
import { driveUnary } from './drive-unary.ts';

// Written by the harness.
const job = JSON.parse(process.argv[2] ?? '{}') as DriveJob & Driven;
const result = job.kind === 'unary' ? await driveUnary(job) : await driveSessions(job);
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
