import { McpRequest, McpResponse } from '@gantry/protocol/gantry/gateway/v1/mcp_service';

import type { Contender, LoadOptions } from './contender.ts';
import { callGrpc } from './load/call-grpc.ts';
import { createDriverLoad } from './load/driver-load.ts';
import type { GrpcPlan } from './load/grpc-plan.ts';
import { createH2loadLoad } from './load/h2load.ts';
import type { Load } from './load/load.ts';
import { versionOf } from './load/run-program.ts';
import { assertEchoed, ECHO_ARGUMENTS } from './targets/echo.ts';

const ID = '1000000';

/** Says where `ProcessRequest` is served. */
export interface ProcessRequestOptions {
  readonly target: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Plans calls of `McpService.ProcessRequest` that call echo. */
export function planProcessRequest({ target, metadata = {} }: ProcessRequestOptions): GrpcPlan {
  const params = Buffer.from(JSON.stringify({ name: 'echo', arguments: ECHO_ARGUMENTS }));
  const request = { jsonrpc: '2.0', method: 'tools/call', params, id: ID };
  return {
    target,
    path: '/gantry.gateway.v1.McpService/ProcessRequest',
    metadata,
    message: McpRequest.encode(request).finish(),
    assertAnswer: assertProcessed,
  };
}

function assertProcessed(bytes: Buffer): void {
  const { id, outcome } = McpResponse.decode(bytes);
  if (outcome?.$case !== 'result') throw new Error(`an error: ${outcome?.value.code} ${outcome?.value.message}`);
  const result: unknown = JSON.parse(Buffer.from(outcome.value).toString());
  assertEchoed(JSON.stringify({ jsonrpc: '2.0', id, result }), ID);
}

/** Makes a contender of unary calls; `isDrivenByNode` takes grpc-js for the client even where h2load is there. */
export async function createUnaryContender(
  { name, processes }: Pick<Contender, 'name' | 'processes'>,
  plan: GrpcPlan,
  options: LoadOptions & { readonly isDrivenByNode?: boolean },
): Promise<Contender> {
  const load = await createUnaryLoad(name, plan, options);
  return { name, processes, load, verify: async () => void (await callGrpc(plan)) };
}

async function createUnaryLoad(
  name: string,
  plan: GrpcPlan,
  { connections, channels, folder, isDrivenByNode = false }: LoadOptions & { readonly isDrivenByNode?: boolean },
): Promise<Load> {
  const answerBytes = await callGrpc(plan);
  if (!isDrivenByNode && versionOf('h2load') !== undefined) {
    return createH2loadLoad(plan, { name, inFlight: connections, channels, folder });
  }
  const { target, path, metadata, message } = plan;
  const messageBase64 = Buffer.from(message).toString('base64');
  return createDriverLoad({
    kind: 'unary',
    target,
    path,
    metadata,
    messageBase64,
    answerBytes,
    channels,
    inFlight: connections,
  });
}
