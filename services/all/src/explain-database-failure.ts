/** What completes the sentence "the database host:port/name …". */
type Problem = (place: Place) => string;

/** What the network says on the way to the database. */
const BY_NETWORK_CODE: Readonly<Record<string, Problem>> = {
  ECONNREFUSED: ({ server }) => `cannot be reached: nothing listens on ${server}; start Postgres, or mend DATABASE_URL`,
  ENOTFOUND: ({ host }) => `cannot be reached: there is no host ${host}; mend DATABASE_URL`,
  EAI_AGAIN: ({ host }) => `cannot be reached: the name ${host} cannot be looked up; mend DATABASE_URL or the network`,
  ETIMEDOUT: () => 'cannot be reached: nobody answers; mend DATABASE_URL or the network',
};

/** What Postgres says. */
const BY_SQL_STATE: Readonly<Record<string, Problem>> = {
  '3D000': ({ database }) => `does not exist; make it (createdb ${database}), or mend DATABASE_URL`,
  '28P01': ({ user }) => `refused the password of ${user}; check the user and password in DATABASE_URL`,
  '28000': ({ user }) => `does not let ${user} in; check the user in DATABASE_URL, and pg_hba.conf on the server`,
  '42501': ({ user, database }) =>
    `does not let ${user} make schemas; GRANT CREATE ON DATABASE ${database} TO ${user}, or use its owner in DATABASE_URL`,
  '53300': () => 'has no connection left; close some, or raise max_connections of Postgres',
  '57P03': () => 'is still starting or recovering; try again in a moment',
};

/** What has no code; the texts are pg's. */
const BY_MESSAGE: readonly (readonly [string, Problem])[] = [
  ['SASL', ({ user }) => `wants a password from ${user}; put it into DATABASE_URL`],
  ['The server does not support SSL', () => 'has no TLS; take sslmode out of DATABASE_URL'],
  ['self-signed certificate', () => 'has a certificate that is not trusted; set NODE_EXTRA_CA_CERTS to its authority'],
];

interface Place {
  readonly host: string;
  /** Host and port. */
  readonly server: string;
  readonly database: string;
  readonly user: string;
}

const DEFAULT_PORT = '5432';
/** An error of ours around one of pg's around one of the network's, and some room. */
const CAUSES_MAX = 8;

/**
 * Returns a sentence that says why the database of DATABASE_URL cannot be used and what to do, without the password;
 * undefined for errors that come from elsewhere.
 */
export function explainDatabaseFailure(error: unknown, databaseUrl: string): string | undefined {
  const place = placeOf(databaseUrl);
  const causes = causesOf(error);
  const isUnreachable = causes.some((cause) => 'reason' in cause && cause.reason === 'DATABASE_UNAVAILABLE');
  const known = causes.map((cause) => problemOf(cause, isUnreachable)).findLast((found) => found !== undefined);
  const problem = known ?? (isUnreachable ? unreachable : undefined);
  if (problem === undefined) return undefined;
  return `the database ${place.server}/${place.database} ${problem(place)} (\`npx gantry doctor\` checks it)`;
}

/** The network also leads to other places than the database. */
function problemOf(error: Error, isUnreachable: boolean): Problem | undefined {
  const code = 'code' in error ? String(error.code) : '';
  const ofNetwork = isUnreachable ? BY_NETWORK_CODE[code] : undefined;
  return ofNetwork ?? BY_SQL_STATE[code] ?? BY_MESSAGE.find(([beginning]) => error.message.startsWith(beginning))?.[1];
}

function unreachable(): string {
  return 'cannot be reached; start Postgres, or mend DATABASE_URL';
}

function causesOf(error: unknown): Error[] {
  const causes: Error[] = [];
  for (let cause = error; cause instanceof Error && causes.length < CAUSES_MAX; cause = cause.cause) causes.push(cause);
  return causes;
}

function placeOf(databaseUrl: string): Place {
  const url = new URL(databaseUrl);
  const host = url.hostname || url.searchParams.get('host') || 'localhost';
  const user = decodeURIComponent(url.username) || 'this user';
  const database = decodeURIComponent(url.pathname.slice(1)) || user;
  return { host, server: `${host}:${url.port || DEFAULT_PORT}`, database, user };
}
