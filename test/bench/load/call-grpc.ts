import { Client, credentials, Metadata } from '@grpc/grpc-js';

import { fillMetadata, type GrpcPlan } from './grpc-plan.ts';

const DEADLINE_MS = 10_000;
const asBytes = (bytes: Buffer) => bytes;

/**
 * Makes one call of a plan and checks the answer. Returns its encoded size, which the size of the answers under load is
 * compared with.
 *
 * @throws {Error} when the call fails, or its answer is not the right one.
 */
export async function callGrpc(plan: GrpcPlan): Promise<number> {
  const client = new Client(plan.target, credentials.createInsecure());
  try {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const metadata = fillMetadata(new Metadata(), plan);
    const options = { deadline: Date.now() + DEADLINE_MS };
    client.makeUnaryRequest(
      plan.path,
      asBytes,
      asBytes,
      Buffer.from(plan.message),
      metadata,
      options,
      (error, answer) => {
        if (error !== null) reject(error);
        else resolve(answer ?? Buffer.alloc(0));
      },
    );
    const answer = await promise;
    plan.assertAnswer(answer);
    return answer.length;
  } finally {
    client.close();
  }
}
