import type { Contender } from './contender.ts';
import { createAutocannonLoad } from './load/autocannon.ts';
import { exchange } from './load/exchange.ts';
import type { HttpPlan } from './load/http-plan.ts';
import type { Load } from './load/load.ts';
import { versionOf } from './load/run-program.ts';
import { createWrkLoad, type WrkOptions } from './load/wrk.ts';
import { assertEchoed, ECHO_ARGUMENTS } from './targets/echo.ts';

/** Says which requests of `tools/call` a contender gets over HTTP. */
export interface EchoPlanOptions {
  readonly url: string;
  /** One a session. Default: none. */
  readonly headerSets?: HttpPlan['headerSets'];
  /** Members of the parameters beside name and arguments. */
  readonly params?: object;
}

/** Plans calls of echo. */
export function planEcho({ url, headerSets = [{}], params = {} }: EchoPlanOptions): HttpPlan {
  const { hostname, port, pathname } = new URL(url);
  return {
    host: hostname,
    port: Number(port),
    path: pathname,
    headerSets,
    message: { method: 'tools/call', params: { ...params, name: 'echo', arguments: ECHO_ARGUMENTS } },
    assertAnswer: assertEchoed,
  };
}

/** Makes a contender of a plan, after one answer was right. */
export async function createHttpContender(
  { name, processes }: Pick<Contender, 'name' | 'processes'>,
  plan: HttpPlan,
  options: Omit<WrkOptions, 'name'>,
): Promise<Contender> {
  return {
    name,
    processes,
    load: await createHttpLoad(name, plan, options),
    verify: async () => void (await exchange(plan)),
  };
}

/** Puts load on a plan with wrk, or with autocannon where there is no wrk. */
export async function createHttpLoad(name: string, plan: HttpPlan, options: Omit<WrkOptions, 'name'>): Promise<Load> {
  await exchange(plan);
  if (versionOf('wrk') === undefined) return createAutocannonLoad(plan, options.connections);
  return createWrkLoad(plan, { name, ...options });
}
