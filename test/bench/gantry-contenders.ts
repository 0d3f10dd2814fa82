import type { ContenderName, GantryWay } from './contender-names.ts';
import type { Contender, LoadOptions, Unavailable } from './contender.ts';
import { createUnaryContender, planProcessRequest } from './grpc-contender.ts';
import { createHttpContender, planEcho } from './http-contender.ts';
import { beginLegacySession } from './legacy-session.ts';
import { createRequestCounters } from './load/request-counters.ts';
import { MODERN_HEADERS, MODERN_PARAMS } from './modern-request.ts';
import { createSessionContender } from './session-contender.ts';
import { adminUrlsOf, type GantryCluster } from './world/gantry-cluster.ts';

/** Makes a contender of one way into a cluster; says why when the cluster refuses that way. */
export async function openWay(
  way: GantryWay,
  cluster: GantryCluster,
  options: LoadOptions,
): Promise<Contender | Unavailable> {
  const name: ContenderName = cluster.audit === 'strict' ? `${way}-strict` : way;
  try {
    return await createContender({ name, processes: cluster.processes }, way, { cluster, options });
  } catch (error) {
    return { name, reason: error instanceof Error ? error.message : String(error) };
  }
}

async function createContender(
  is: Pick<Contender, 'name' | 'processes'>,
  way: GantryWay,
  { cluster, options }: { readonly cluster: GantryCluster; readonly options: LoadOptions },
): Promise<Contender> {
  const { url, grpc: target } = cluster;
  const credential = { authorization: `Bearer ${cluster.apiKey}` };
  const counters = createRequestCounters(adminUrlsOf(cluster, 'gateway'));
  const session = { target, metadata: credential, isFrameForFrame: false, counters };
  switch (way) {
    case 'gantry-http-native':
      return createHttpContender(is, planEcho({ url, headerSets: [credential] }), options);
    case 'gantry-http-2025': {
      const begin = () => beginLegacySession(url, credential);
      const headerSets = await Promise.all(Array.from({ length: options.connections }, begin));
      return createHttpContender(is, planEcho({ url, headerSets }), options);
    }
    case 'gantry-http-2026': {
      const headerSets = [{ ...credential, ...MODERN_HEADERS }];
      return createHttpContender(is, planEcho({ url, headerSets, params: MODERN_PARAMS }), options);
    }
    case 'gantry-grpc-process':
      return createUnaryContender(is, planProcessRequest({ target, metadata: credential }), options);
    case 'gantry-grpc-session':
      return createSessionContender(is, session, options);
    case 'gantry-grpc-session-js':
      return createSessionContender(is, session, { ...options, isDrivenByNode: true });
  }
}
