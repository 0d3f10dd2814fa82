import { apiKeyIdOf } from '@gantry/identity';
import { z } from 'zod';

import { withDatabase } from './with-database.ts';

/** Beyond what any machine does, and still a rate: a key of rate 0 is not counted at all. */
const REQUESTS_PER_MINUTE = 50_000_000;

const created = z.object({ result: z.object({ secret: z.string() }) });

/** Says where the key is made. */
export interface CreateLimitedKeyOptions {
  readonly url: string;
  readonly adminKey: string;
  readonly databaseUrl: string;
}

/** Creates an API key whose requests are counted against a rate that is never reached. */
export async function createLimitedKey({ url, adminKey, databaseUrl }: CreateLimitedKeyOptions): Promise<string> {
  const params = { name: 'benchmark', roles: ['admin'], requests_per_minute: 1_000_000 };
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${adminKey}` },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'keys/create', params }),
  });
  const { secret } = created.parse(await response.json()).result;
  // The API stops at a million a minute, which this benchmark could reach.
  await withDatabase(databaseUrl, (client) =>
    client.query('UPDATE auth.api_keys SET requests_per_minute = $1 WHERE key_id = $2', [
      REQUESTS_PER_MINUTE,
      apiKeyIdOf(secret),
    ]),
  );
  return secret;
}
