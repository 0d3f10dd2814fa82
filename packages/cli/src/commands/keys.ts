import { type Command, InvalidArgumentError } from 'commander';

import { connect } from '../connect.ts';
import { formatTable, printable, printJson, printText } from '../output.ts';

interface ApiKey {
  readonly key_id: string;
  readonly name: string;
  readonly user: string;
  readonly roles?: readonly string[];
  readonly requests_per_minute: number;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
}

interface CreateOptions {
  readonly name: string;
  readonly user?: string;
  readonly role?: string[];
  readonly days?: number;
  readonly perMinute?: number;
}

const SECONDS_PER_DAY = 86_400;

/** Adds `keys create`, `keys list` and `keys revoke`. */
export function registerKeysCommands(program: Command): void {
  const keys = program.command('keys').description('make, list and revoke API keys');
  keys
    .command('create')
    .description('make a key; its secret is shown once')
    .requiredOption('--name <name>', 'a name for people')
    .option('--user <id>', 'the user it acts for; a new one named after the key when left out')
    .option('--role <role...>', 'roles of a new user, e.g. agent, reader or admin; without any it may do nothing')
    .option('--days <n>', 'days until it expires; never when left out', parsePositive)
    .option('--per-minute <n>', 'requests per minute; 60 when left out, 0 is unlimited', parseCount)
    .action(createKey);
  keys
    .command('list')
    .description('list the keys; secrets are not kept, so they are not listed')
    .action((_options, command: Command) => listKeys(command));
  keys
    .command('revoke')
    .description('end a key, within a second everywhere')
    .argument('<key-id>', 'its id, from `keys list`')
    .action(revokeKey);
}

async function createKey({ name, user, role, days, perMinute }: CreateOptions, command: Command): Promise<void> {
  const { options, call } = await connect(command);
  const created = (await call('keys/create', {
    name,
    ...(user === undefined ? {} : { user }),
    ...(role === undefined ? {} : { roles: role }),
    ...(days === undefined ? {} : { lifetime_seconds: Math.round(days * SECONDS_PER_DAY) }),
    ...(perMinute === undefined ? {} : { requests_per_minute: perMinute }),
  })) as { readonly key: ApiKey; readonly secret: string };
  const { user: holder, roles = [], key_id: keyId } = created.key;
  // On standard error: the secret alone may be what a script reads.
  if (roles.length === 0) process.stderr.write(`${warnAboutRoles(holder, keyId)}\n`);
  if (options.json) return printJson(created);
  printText(`${created.secret}\n\nShown once: store it now. Its id is ${keyId}.`);
}

/** The gateway takes a user without roles: grants may come later. */
function warnAboutRoles(user: string, keyId: string): string {
  return printable(
    `gantry: this key may do nothing yet: its user "${user}" has no roles\n` +
      `  give the user some (users/put), or \`npx gantry keys revoke ${keyId}\` and make another with --role agent, reader or admin`,
  );
}

async function listKeys(command: Command): Promise<void> {
  const { options, call } = await connect(command);
  const { keys } = (await call('keys/list', {})) as { readonly keys: readonly ApiKey[] };
  if (options.json) return printJson({ keys });
  const header = ['KEY ID', 'NAME', 'USER', 'ROLES', 'PER MINUTE', 'STATE', 'CREATED'];
  printText(formatTable(header, keys.map(rowOf)));
}

async function revokeKey(keyId: string, _options: unknown, command: Command): Promise<void> {
  const { options, call } = await connect(command);
  await call('keys/revoke', { key_id: keyId });
  if (options.json) return printJson({ revoked: keyId });
  printText(`${keyId} is revoked.`);
}

function rowOf(key: ApiKey): string[] {
  const limit = key.requests_per_minute === 0 ? 'unlimited' : String(key.requests_per_minute);
  return [key.key_id, key.name, key.user, (key.roles ?? []).join(','), limit, stateOf(key), key.created_at];
}

function stateOf({ revoked_at: revokedAt, expires_at: expiresAt }: ApiKey): string {
  if (revokedAt !== null) return 'revoked';
  if (expiresAt === null) return 'works';
  return Date.parse(expiresAt) <= Date.now() ? 'expired' : `until ${expiresAt}`;
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 0) throw new InvalidArgumentError('it is a whole number, 0 or more.');
  return count;
}

function parsePositive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('it is a number above 0.');
  return value;
}
