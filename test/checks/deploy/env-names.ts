import { envSchema as all } from '@gantry/all/config';
import { envSchema as auth } from '@gantry/auth/config';
import { envSchema as context } from '@gantry/context/config';
import { envSchema as gateway } from '@gantry/gateway/config';
import { envSchema as resource } from '@gantry/resource/config';
import { commonEnv, describeEnv, type EnvRow } from '@gantry/runtime';
import { envSchema as tool } from '@gantry/tool/config';

const services = { auth, context, gateway, resource, tool } as const;

/** The services that run as processes of their own. */
export const serviceNames: readonly string[] = Object.keys(services);

/** The targets of the Dockerfile: each service, and all of them in one process. */
export const targetNames: readonly string[] = [...serviceNames, 'all'];

const rowsByService: ReadonlyMap<string, readonly EnvRow[]> = new Map(
  Object.entries(services).map(([name, schema]) => [name, describeEnv({ ...commonEnv, ...schema.shape })]),
);

/** Every variable that something in this repository reads. NODE_ENV is for the packages it uses. */
const knownNames = new Set([
  'NODE_ENV',
  ...Object.keys(all.shape),
  ...[...rowsByService.values()].flatMap((rows) => rows.map(({ name }) => name)),
]);

/** Returns the names that no service reads. */
export function unknownNames(names: readonly string[]): string[] {
  return names.filter((name) => !knownNames.has(name.replace(/_FILE$/, '')));
}

/**
 * Returns what is wrong with the environment a deployment gives to one service: names that this service does not read,
 * and required ones that are not there. Values that are not known before it runs may be empty.
 */
export function environmentProblems(service: string, env: Readonly<Record<string, string>>): string[] {
  const rows = rowsByService.get(service);
  if (rows === undefined) return [`${service}: there is no such service`];
  const known = new Set(rows.map(({ name }) => name));
  const given = Object.keys(env);
  const values = Object.values(env).join('\n');
  return [
    ...given
      // One that only fills in another, as $(NAME) does in Kubernetes, is not for the service.
      .filter((name) => !known.has(name.replace(/_FILE$/, '')) && !values.includes(`$(${name})`))
      .map((name) => `${service}: does not read ${name}`),
    ...rows
      .filter(({ name, isRequired }) => isRequired && !given.includes(name) && !given.includes(`${name}_FILE`))
      .map(({ name }) => `${service}: needs ${name}`),
  ];
}
