import { randomBytes } from 'node:crypto';

import { generateApiKey } from '@gantry/identity/api-key';
import type { Command } from 'commander';

import { globalOptions } from '../global-options.ts';
import { printJson, printText } from '../output.ts';

const SECRET_BYTES = 36;

/** Adds `env`. */
export function registerEnvCommand(program: Command): void {
  program
    .command('env')
    .description('print fresh secrets as an .env file for docker compose: npx gantry env > .env')
    .action((_options, command: Command) => {
      const secrets = {
        GANTRY_CLUSTER_SECRET: randomBytes(SECRET_BYTES).toString('base64url'),
        AUTH_BOOTSTRAP_API_KEY: generateApiKey().secret,
        POSTGRES_PASSWORD: randomBytes(SECRET_BYTES).toString('base64url'),
      };
      if (globalOptions(command).json) return printJson(secrets);
      printText(
        Object.entries(secrets)
          .map(([name, value]) => `${name}=${value}`)
          .join('\n'),
      );
    });
}
