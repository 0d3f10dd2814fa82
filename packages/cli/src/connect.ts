import type { Command } from 'commander';

import { findConnection } from './connection.ts';
import { type GlobalOptions, globalOptions } from './global-options.ts';
import { type CallMethod, createJsonRpcClient } from './json-rpc-client.ts';

/** Returns what a command that talks to the cluster needs. */
export async function connect(
  command: Command,
): Promise<{ readonly options: GlobalOptions; readonly call: CallMethod }> {
  const options = globalOptions(command);
  return { options, call: createJsonRpcClient(await findConnection(options)) };
}
