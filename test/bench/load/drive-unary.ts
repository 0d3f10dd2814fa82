import { Client, credentials, Metadata } from '@grpc/grpc-js';

import type { DriveJob, Driven } from './drive-job.ts';
import { fillMetadata } from './grpc-plan.ts';
import type { LoadResult } from './load.ts';
import { MeasuredWindow } from './measured-window.ts';

const asBytes = (bytes: Buffer) => bytes;

/** Keeps unary calls in flight, each answered one followed by the next. */
export function driveUnary(job: DriveJob & Extract<Driven, { kind: 'unary' }>): Promise<LoadResult> {
  const message = Buffer.from(job.messageBase64, 'base64');
  const metadata = fillMetadata(new Metadata(), job);
  const window = new MeasuredWindow(job.seconds);
  const call = (client: Client) => {
    const startedAtMs = performance.now();
    client.makeUnaryRequest(job.path, asBytes, asBytes, message, metadata, (error, answer) => {
      if (error === null && answer?.length === job.answerBytes) window.answered(startedAtMs);
      else window.failed();
      call(client);
    });
  };
  for (let channel = 0; channel < job.channels; channel += 1) {
    // Without its own pool all channels to one target share a connection.
    const client = new Client(job.target, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
    for (let i = 0; i < Math.ceil(job.inFlight / job.channels); i += 1) call(client);
  }
  return window.result();
}
