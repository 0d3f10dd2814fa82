import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import type { BaselineName, ContenderName } from './contender-names.ts';
import type { Contender, LoadOptions } from './contender.ts';
import { createUnaryContender, planProcessRequest } from './grpc-contender.ts';
import { createHttpContender, planEcho } from './http-contender.ts';
import { beginLegacySession } from './legacy-session.ts';
import { MODERN_HEADERS, MODERN_PARAMS } from './modern-request.ts';
import { createSessionContender } from './session-contender.ts';
import { startProcess } from './world/child-process.ts';

const announcement = z.object({ port: z.number().int().positive() });

/** A server that Gantry is compared with, in a process of its own. */
export interface Baseline {
  readonly port: number;
  readonly pid: number;
  readonly url: string;
}

/** Starts a server that Gantry is compared with. */
export async function startBaseline(
  name: BaselineName,
  { folder, nodeArgs = [] }: Pick<LoadOptions, 'folder'> & { readonly nodeArgs?: readonly string[] },
  stack: AsyncDisposableStack,
): Promise<Baseline> {
  const started = stack.use(
    await startProcess({
      name,
      args: [...nodeArgs, fileURLToPath(new URL(`targets/${name}.ts`, import.meta.url))],
      env: { PATH: process.env['PATH'] },
      logFile: join(folder, `${name}.log`),
      parseReady: (line) => (line.startsWith('{"port"') ? announcement.parse(JSON.parse(line)) : undefined),
    }),
  );
  const { port } = started.ready;
  return { port, pid: started.pid, url: `http://127.0.0.1:${port}/mcp` };
}

/** Makes the contenders on a server that runs; the bare gRPC server is measured in four ways. */
export async function openBaseline(
  name: BaselineName,
  { port, pid, url }: Baseline,
  options: LoadOptions,
): Promise<readonly Contender[]> {
  const is = (contender: ContenderName) => ({ name: contender, processes: [{ name: 'server', pid }] });
  switch (name) {
    case 'raw-http':
      return [await createHttpContender(is(name), planEcho({ url }), options)];
    case 'sdk-v1-session': {
      const headerSets = await Promise.all(Array.from({ length: options.connections }, () => beginLegacySession(url)));
      return [await createHttpContender(is(name), planEcho({ url, headerSets }), options)];
    }
    case 'sdk-v2-modern': {
      const plan = planEcho({ url, headerSets: [MODERN_HEADERS], params: MODERN_PARAMS });
      return [await createHttpContender(is(name), plan, options)];
    }
    case 'raw-grpc': {
      const plan = planProcessRequest({ target: `127.0.0.1:${port}` });
      const session = { target: plan.target, metadata: {}, isFrameForFrame: true };
      return [
        await createUnaryContender(is(name), plan, options),
        await createUnaryContender(is('raw-grpc-js'), plan, { ...options, isDrivenByNode: true }),
        await createSessionContender(is('raw-grpc-session'), session, options),
        await createSessionContender(is('raw-grpc-session-js'), session, { ...options, isDrivenByNode: true }),
      ];
    }
  }
}
