import { readFileSync } from 'node:fs';

import { Command } from 'commander';

import type { CommandContext } from './command-context.ts';
import { registerCallCommands } from './commands/call.ts';
import { registerContextCommand } from './commands/context.ts';
import { registerDoctorCommand } from './commands/doctor.ts';
import { registerEnvCommand } from './commands/env.ts';
import { registerIngestCommand } from './commands/ingest.ts';
import { registerKeysCommands } from './commands/keys.ts';
import { registerReadCommand } from './commands/read.ts';
import { registerRunCommands } from './commands/run.ts';
import { addGlobalOptions } from './global-options.ts';

/** Creates the gantry command. Its actions throw, and so does Commander; the caller reports. */
export function createProgram(context: CommandContext): Command {
  const program = new Command('gantry')
    .description('A Model Context Protocol server that is a gRPC cluster.')
    .version(readVersion(), '-V, --version', 'show the version of Gantry')
    .configureHelp({ showGlobalOptions: true })
    // Failures are reported in one place, so that they are JSON when JSON was asked for.
    .configureOutput({ outputError: () => undefined })
    .exitOverride();
  addGlobalOptions(program);
  registerRunCommands(program, context);
  registerIngestCommand(program, context);
  registerContextCommand(program);
  registerCallCommands(program);
  registerReadCommand(program);
  registerKeysCommands(program);
  registerDoctorCommand(program, context);
  registerEnvCommand(program);
  return program;
}

/** The workspaces have no versions of their own: the one of Gantry is that of the repository. */
function readVersion(): string {
  const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  // Ours, and npm demands it.
  const { version } = JSON.parse(manifest) as { readonly version: string };
  return version;
}
