import { CliError } from '../cli-error.ts';
import { findConnection } from '../connection.ts';
import type { GlobalOptions } from '../global-options.ts';
import { type CallMethod, createJsonRpcClient, UnreachableError } from '../json-rpc-client.ts';
import type { Check } from './check.ts';

/** One harmless request that only the service can answer. */
const PROBES: Readonly<Record<string, string>> = {
  auth: 'keys/list',
  context: 'context/sources',
  resource: 'resources/list',
  tool: 'tools/list',
};

/** Calls the gateway, and through it each service. */
export async function checkGateway(options: Pick<GlobalOptions, 'url' | 'apiKey' | 'dataDir'>): Promise<Check[]> {
  let call: CallMethod;
  try {
    call = createJsonRpcClient(await findConnection(options));
    await call('protocol/capabilities', {});
  } catch (error) {
    return [failure('gateway', error, 'start it with `npm start`, or set GANTRY_URL and GANTRY_API_KEY')];
  }
  const services = Object.entries(PROBES).map(([name, method]) => checkService(call, name, method));
  return [{ name: 'gateway', state: 'ok', found: 'answers' }, ...(await Promise.all(services))];
}

async function checkService(call: CallMethod, name: string, method: string): Promise<Check> {
  try {
    await call(method, {});
    return { name, state: 'ok', found: `answers ${method}` };
  } catch (error) {
    return failure(name, error, `look at the log of the ${name} service`);
  }
}

function failure(name: string, error: unknown, todo: string): Check {
  const found = error instanceof Error ? error.message : String(error);
  return { name, state: 'failed', found, todo: hintOf(error) ?? todo };
}

/** Nobody who runs the doctor is to be sent to the doctor. */
function hintOf(error: unknown): string | undefined {
  if (error instanceof UnreachableError) return error.todo;
  return error instanceof CliError ? error.hint : undefined;
}
