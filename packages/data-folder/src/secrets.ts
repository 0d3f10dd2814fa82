import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { generateApiKey } from '@gantry/identity/api-key';
import { z } from 'zod';

import { inDataFolder, makeFolder } from './folder.ts';
import { readPrivateJson, writePrivateJson } from './private-file.ts';

const FILE = 'secrets.json';
const CLUSTER_SECRET_BYTES = 32;

const secretsSchema = z.object({ clusterSecret: z.string().min(32), apiKey: z.string().min(1) });

/** What a local Gantry generates on its first run. */
export interface LocalSecrets {
  /** The secret its services share. */
  readonly clusterSecret: string;
  /** The first API key: everything is permitted to it, and it is not limited. */
  readonly apiKey: string;
}

/**
 * Returns the secrets of a data folder, made on the first call. The folder is made too.
 *
 * @throws {DataFolderError} when the folder cannot be written or its secrets are damaged.
 */
export function loadSecrets(folder: string): Promise<LocalSecrets> {
  return inDataFolder(folder, () => loadOrMake(folder));
}

async function loadOrMake(folder: string): Promise<LocalSecrets> {
  await makeFolder(folder);
  const path = join(folder, FILE);
  const known = await readPrivateJson(path, secretsSchema);
  if (known !== undefined) return known;
  const secrets = {
    clusterSecret: randomBytes(CLUSTER_SECRET_BYTES).toString('base64url'),
    apiKey: generateApiKey().secret,
  };
  await writePrivateJson(path, secrets);
  return secrets;
}
